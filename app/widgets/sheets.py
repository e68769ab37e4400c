"""What the sheets over the chat say, and the hints where there are no messages: plain functions of what is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.names import DEFAULT_ROOM
from app.status import Notice, PeerPhase, PeerStatus
from app.text import one_line
from app.widgets.backend import ChatBackend
from app.widgets.peer_bar import Moment, describe, name_of, progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from app.why import Step
    from app.widgets.info_screen import InfoScreen, Row


def show(app: App[None], title: str, rows: Callable[[], Sequence[Row]], *, every: float | None = None) -> None:
    """Open one; rows, every: as InfoScreen takes them."""
    from app.widgets.info_screen import InfoScreen  # not before somebody opens one

    app.push_screen(InfoScreen(title, rows, every=every))


def shown(app: App[None]) -> InfoScreen | None:
    """The one that is open."""
    if not app.screen.is_modal:
        return None
    from app.widgets.info_screen import InfoScreen

    return app.screen if isinstance(app.screen, InfoScreen) else None


def peer_rows(peers: Sequence[PeerStatus], moment: Moment) -> Sequence[Row]:
    rows = [
        (
            name_of(peer),
            describe(peer, moment, progress(peer))
            + (", level" if peer.level else "")
            + (f": {one_line(peer.detail)}" if peer.detail and peer.phase is not PeerPhase.CONNECTING else "")
            + (f" ({one_line(peer.known)})" if peer.known else ""),
        )
        for peer in peers
    ]
    return rows or [("", "nobody is named: start with chat-tui ME PEER")]


def way_rows(peers: Sequence[tuple[str, Sequence[Step]]]) -> Sequence[Row]:
    """peers: what each is called, and the steps of the way to it."""
    rows: list[Row] = []
    for label, steps in peers:
        rows += [("", "")] if rows else []
        rows.append((one_line(label), ""))
        rows += [(f"{step.mark.value} {step.stage.value}", step.said) for step in steps]
    return rows or [("", "nobody is named: start with chat-tui ME PEER")]


def notice_rows(notices: Iterable[tuple[str, Notice]]) -> Sequence[Row]:
    """notices: the time of day, and what was told then."""
    return [(at, one_line(notice.text)) for at, notice in notices] or [("", "there were none")]


def hints(backend: ChatBackend, peers: Sequence[PeerStatus]) -> Sequence[str]:
    """What to say while there are no messages."""
    me, room = one_line(backend.me), one_line(backend.room)
    peer = one_line(peers[0].name) if peers else "NAME"
    option = "" if room == DEFAULT_ROOM else f"--room {room} "
    return (
        "No messages yet. What you write is saved here, and reaches the others when you are both on.",
        f"{peer} types:  chat-tui {option}{peer} {me}",
        "F1 shows the keys, Ctrl+Q leaves.",
    )
