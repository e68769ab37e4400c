"""Who is there, where the screen is wide enough for a column: each peer with all that there is to say in short."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from app.status import PeerPhase, PeerStatus
from app.widgets.peer_bar import NOBODY, Moment, PeerView, describe, in_short, name_of, progress, style_of
from app.widgets.wrap import shorten, wrap

_INDENT = 2
_BAR_CELLS = 12


class PeerColumn(PeerView):
    def render(self) -> Content:
        lines = rows(self._peers, self.size.width, self.size.height, self._moment)
        return Content("\n").join(Content.styled(text, style) for text, style in lines)


def rows(peers: Sequence[PeerStatus], width: int, height: int, moment: Moment) -> list[tuple[str, str]]:
    """(text, style) of each row: peers with their states beneath; where they do not fit, a row for each; then a number
    for those who are left."""
    if not peers:
        return [(text, "$text-muted") for text in _wrapped(NOBODY, width, 0)]
    blocks = [_block(peer, width, moment) for peer in peers]
    if sum(map(len, blocks)) > height:
        blocks = [[(shorten(f"{name_of(peer)}, {in_short(peer)}", width), style_of(peer.phase))] for peer in peers]
    if len(blocks) > height and sum(map(len, blocks)) > height:
        kept = max(0, height - 1)
        blocks = [*blocks[:kept], [(shorten(f"and {len(peers) - kept} more", width), "$text-muted")]]
    return [row for block in blocks for row in block]


def _block(peer: PeerStatus, width: int, moment: Moment) -> list[tuple[str, str]]:
    said = describe(peer, moment) + (", level" if peer.level and peer.phase is PeerPhase.CONNECTED else "")
    block = [(shorten(name_of(peer), width), f"bold {style_of(peer.phase)}")]
    block += [(text, "$text-muted") for text in _wrapped(said, width, _INDENT)]
    if peer.total:
        block.append((shorten(" " * _INDENT + progress(peer, _BAR_CELLS), width), "$text-muted"))
    return block


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    return [" " * indent + text[low:high] for low, high in wrap(text, max(1, width - indent))]
