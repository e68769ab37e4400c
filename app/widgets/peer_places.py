"""Where those who are there are shown: in a bar above the messages, in a column beside them, or folded away."""

from __future__ import annotations

from collections.abc import Sequence

from app.status import PeerStatus
from app.view_state import Taste
from app.widgets.peer_bar import Moment, PeerBar
from app.widgets.peer_column import PeerColumn

WIDE_SCREEN = 140  # cells; narrower, the messages would miss what the column takes


class PeerPlaces:
    def __init__(self, peers: Sequence[PeerStatus], moment: Moment, taste: Taste) -> None:
        self.bar = PeerBar(peers, moment, id="peers")
        self.column = PeerColumn(peers, moment, id="peer-column")
        self._taste = taste

    def place(self, width: int) -> None:
        """width: of the screen."""
        wide, shown = width >= WIDE_SCREEN, not self._taste.peers_folded
        self.bar.display = shown and not wide
        self.column.display = shown and wide

    def fold(self, width: int) -> None:
        """Put them away, or show them again."""
        self._taste.peers_folded = not self._taste.peers_folded
        self.place(width)

    def show(self, peers: Sequence[PeerStatus]) -> None:
        self.bar.show(peers)
        self.column.show(peers)
