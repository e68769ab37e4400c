"""Where those who are there are shown: in a bar above the messages, in a column beside them, or folded away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.containers import Horizontal

from app.status import PeerStatus
from app.view_state import Taste
from app.widgets.peer_bar import Moment, PeerBar

if TYPE_CHECKING:
    from app.widgets.peer_column import PeerColumn

WIDE_SCREEN = 140  # cells; narrower, the messages would miss what the column takes


class PeerPlaces:
    def __init__(self, peers: Sequence[PeerStatus], moment: Moment, taste: Taste) -> None:
        self.bar = PeerBar(peers, moment, id="peers")
        self._column: PeerColumn | None = None  # not before a screen is wide enough
        self._peers = peers
        self._moment = moment
        self._taste = taste

    def place(self, width: int, room: Horizontal) -> None:
        """width: of the screen; room: of the messages and what stands beside them."""
        wide, shown = width >= WIDE_SCREEN, not self._taste.peers_folded
        self.bar.display = shown and not wide
        if wide and self._column is None:
            from app.widgets.peer_column import PeerColumn

            self._column = PeerColumn(self._peers, self._moment, id="peer-column")
            room.mount(self._column)
        if self._column is not None:
            self._column.display = shown and wide

    def fold(self, width: int, room: Horizontal) -> None:
        """Put them away, or show them again."""
        self._taste.peers_folded = not self._taste.peers_folded
        self.place(width, room)

    def show(self, peers: Sequence[PeerStatus]) -> None:
        self._peers = peers
        self.bar.show(peers)
        if self._column is not None:
            self._column.show(peers)
