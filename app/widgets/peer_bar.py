"""Who is there: each peer's state as a sign and a word, in one row.

Where it is too narrow for that, peers with the same state share the word, then they are counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from app.status import PeerPhase, PeerStatus
from app.text import one_line
from app.widgets.wrap import shorten

SIGNS = {
    PeerPhase.CONNECTED: "●",
    PeerPhase.CONNECTING: "○",
    PeerPhase.LOST: "–",
    PeerPhase.REFUSED: "✕",
    PeerPhase.KNOCKING: "?",
}
_ORDER = list(SIGNS)
_GAP = "  "

Piece = tuple[str, PeerPhase]


class PeerBar(Widget):
    def __init__(self, peers: Sequence[PeerStatus] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._peers = list(peers)

    def show(self, peers: Sequence[PeerStatus]) -> None:
        self._peers = list(peers)
        self.refresh()

    def render(self) -> Content:
        parts: list[Content] = []
        for text, phase in fold(self._peers, self.size.width):
            parts.append(Content.styled(text, "$text-success" if phase is PeerPhase.CONNECTED else "$text-warning"))
            parts.append(Content(_GAP))
        return Content("").join(parts[:-1])


def describe(peer: PeerStatus) -> str:
    """A peer's state in words, without the name."""
    words = [peer.word]
    if peer.phase is PeerPhase.CONNECTED:
        words += [f"{peer.missing:,} to get"] if peer.missing else []
        words += [f"{peer.lacking:,} to give"] if peer.lacking else []
    words += ["verified"] if peer.verified else []
    return ", ".join(words)


def fold(peers: Sequence[PeerStatus], width: int) -> list[Piece]:
    """What to show of `peers` in `width` cells: the most telling of the ways that fit."""
    if not peers:
        return [(shorten("nobody named: chat-tui ME PEER", width), PeerPhase.CONNECTING)]
    names: dict[tuple[PeerPhase, str], list[str]] = {}
    for peer in sorted(peers, key=lambda peer: _ORDER.index(peer.phase)):
        names.setdefault((peer.phase, peer.word), []).append(one_line(peer.label))
    ways = (
        [(f"{SIGNS[peer.phase]} {one_line(peer.label)} {describe(peer)}", peer.phase) for peer in peers],
        [(f"{SIGNS[peer.phase]} {one_line(peer.label)} {peer.word}", peer.phase) for peer in peers],
        [(f"{SIGNS[phase]} {word}: {', '.join(who)}", phase) for (phase, word), who in names.items()],
        [(f"{SIGNS[phase]} {len(who)} {word}", phase) for (phase, word), who in names.items()],
    )
    for pieces in ways:
        if sum(cell_len(text) for text, _ in pieces) + len(_GAP) * (len(pieces) - 1) <= width:
            return pieces
    return _cut(ways[-1], width)


def _cut(pieces: Sequence[Piece], width: int) -> list[Piece]:
    kept: list[Piece] = []
    for text, phase in pieces:
        if width < 2:
            break
        kept.append((shorten(text, width), phase))
        width -= cell_len(text) + len(_GAP)
    return kept
