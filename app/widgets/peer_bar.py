"""Who is there: each peer's state as a sign and words, in one row.

Where it is too narrow for that, peers with the same state share the word, then they are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
NOBODY = "nobody named: chat-tui ME PEER"
_ORDER = list(SIGNS)
_GAP = "  "
_BAR_CELLS = 6

Piece = tuple[str, PeerPhase]
Moment = Callable[[int], str]  # a time that has passed, microseconds since 1970, in a word


class PeerView(Widget):
    """Something that shows the peers."""

    def __init__(self, peers: Sequence[PeerStatus], moment: Moment, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._peers = list(peers)
        self._moment = moment

    def show(self, peers: Sequence[PeerStatus]) -> None:
        self._peers = list(peers)
        self.refresh()


class PeerBar(PeerView):
    def render(self) -> Content:
        parts: list[Content] = []
        for text, phase in fold(self._peers, self.size.width, self._moment):
            parts.append(Content.styled(text, style_of(phase)))
            parts.append(Content(_GAP))
        return Content("").join(parts[:-1])


def name_of(peer: PeerStatus) -> str:
    """With the sign of its state."""
    return f"{SIGNS[peer.phase]} {one_line(peer.label)}"


def style_of(phase: PeerPhase) -> str:
    return "$text-success" if phase is PeerPhase.CONNECTED else "$text-warning"


def describe(peer: PeerStatus, moment: Moment, bar: str = "") -> str:
    """A peer's state in words, without the name. bar: for a long transfer, stands where it is spoken of."""
    words = [peer.word]
    match peer.phase:
        case PeerPhase.CONNECTED:
            counts = [f"{peer.missing:,} to get"] if peer.missing else []
            counts += [f"{peer.lacking:,} to give"] if peer.lacking else []
            if counts and bar:
                counts[0] += f" {bar}"
            words += counts
        case PeerPhase.LOST:
            words[-1] += f" since {moment(peer.seen)}" if peer.seen else ""
        case PeerPhase.CONNECTING:
            words += [f"last here {moment(peer.seen)}"] if peer.seen else []
    words += ["verified"] if peer.verified else []
    return ", ".join(words)


def progress(peer: PeerStatus, cells: int = _BAR_CELLS) -> str:
    """How far a long transfer has come, and how fast it is; nothing if there is none."""
    if not peer.total:
        return ""
    done = max(0.0, 1 - peer.left / max(peer.total, 1))
    full = int(done * cells)
    words = ["█" * full + "░" * (cells - full), f"{int(done * 100)} %", f"{peer.rate:,.0f}/s" if peer.rate >= 1 else ""]
    return " ".join(filter(None, words))


def in_short(peer: PeerStatus) -> str:
    """The state in few words; of a long transfer, what is left of it."""
    if not (peer.total and peer.phase is PeerPhase.CONNECTED):
        return peer.word
    return f"{peer.left:,} to {'get' if peer.missing else 'give'}"


def _in_a_word(peer: PeerStatus) -> str:
    if not (peer.total and peer.phase is PeerPhase.CONNECTED):
        return peer.word
    return "ahead" if peer.missing else "behind"


def fold(peers: Sequence[PeerStatus], width: int, moment: Moment) -> list[Piece]:
    """What to show of `peers` in `width` cells: the most telling of the ways that fit."""
    if not peers:
        return [(shorten(NOBODY, width), PeerPhase.CONNECTING)]
    names: dict[tuple[PeerPhase, str], list[str]] = {}
    for peer in sorted(peers, key=lambda peer: _ORDER.index(peer.phase)):
        names.setdefault((peer.phase, _in_a_word(peer)), []).append(one_line(peer.label))
    said = (
        [describe(peer, moment, progress(peer)) for peer in peers],
        [f"{in_short(peer)} {progress(peer)}".rstrip() for peer in peers],
        [f"{in_short(peer)} {progress(peer, 0)}".rstrip() for peer in peers],
        [in_short(peer) for peer in peers],
    )
    ways = (
        *([(f"{name_of(peer)} {words}", peer.phase) for peer, words in zip(peers, way, strict=True)] for way in said),
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
