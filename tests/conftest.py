"""Settings for all tests."""

from __future__ import annotations

from hypothesis import settings

# A loaded machine is slow, not wrong; pytest's own timeout ends what hangs.
settings.register_profile("chat-tui", deadline=None)
settings.load_profile("chat-tui")
