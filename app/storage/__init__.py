"""Keeping feeds on disk, in LMDB. Knows no network and no screen."""
