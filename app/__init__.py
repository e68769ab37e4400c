"""A terminal chat on append-only logs, for people who share a network and no server."""

__version__ = "0.1.0"
