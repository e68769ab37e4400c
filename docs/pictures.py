"""Makes the pictures in docs/images with the program itself: `python -m docs.pictures [FOLDER]`.

Each is a scene on a real log, with the time, the size and the theme pinned, so that it comes out the same each time;
a test makes them again and compares (tests/test_pictures.py).
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from textual import __version__
from textual.pilot import Pilot

from app.amendments import Reaction
from app.status import Held, Matter, Notice, PeerPhase, PeerStatus
from app.view_state import Taste
from app.widgets.chat_app import ChatApp
from tests.widgets.chats import MINUTE, LocalChat, local_chat

FOLDER = Path(__file__).with_name("images")
_WAIT = 10.0  # seconds for a scene to be drawn
_HOUR, _DAY = 60 * MINUTE, 1440 * MINUTE
_FONTS = '"Fira Code", "DejaVu Sans Mono", Menlo, Consolas, monospace'

Stage = tuple[LocalChat, ChatApp, Pilot[None]]


@dataclass(frozen=True, slots=True)
class Scene:
    """title: what stands above the window; shows: all that is on the screen when the picture is taken; before: what
    happens before the screen opens; act: on it."""

    title: str
    shows: tuple[str, ...]
    before: Callable[[LocalChat], None] = lambda _: None
    act: Callable[[Stage], Awaitable[None]] | None = None
    size: tuple[int, int] = (88, 24)
    theme: str = "textual-dark"
    peers: tuple[str, ...] = ("bob", "carol")
    draft: str = ""


def talk(chat: LocalChat) -> None:
    """Yesterday alice left a message while she was alone; today bob and carol are there."""
    _alice(chat, "The new router is in. No internet yet, but the house network is up.")
    _alice(chat, "Whoever comes home first: the **key** is with the neighbours.")
    chat.clock.now += 14 * _HOUR
    _says(chat, "bob", "Good morning! Just found your messages, my laptop was off all night.")
    _says(chat, "bob", "I have the key 🔑")
    chat.clock.now += 20 * MINUTE
    _alice(
        chat, "Great. Then the three of us can set up the workshop on Saturday:\n- shelves\n- lamp\n- sign: ようこそ 👋"
    )
    _says(chat, "carol", "I'm in. I take the sign, my 漢字 are better than yours 😄")
    _says(chat, "carol", "By the way: bob and I have not met today. All that he wrote came to me through alice.")
    chat.clock.now += 10 * MINUTE
    _says(
        chat, "bob", "Each of us has the whole history, that is the point 👍 To copy it: `chat-tui export alice FILE`"
    )
    _react(chat, "carol", "🎉")
    _alice(chat, "See you on Saturday!")


async def busy(stage: Stage) -> None:
    chat, _, _ = stage
    chat.tell(PeerStatus("bob", PeerPhase.CONNECTED, level=True))
    chat.tell(PeerStatus("carol", PeerPhase.LOST, seen=chat.clock.now - 2 * MINUTE))
    newest = chat.log.frontier()[chat.log.own_feed].seq
    chat.tell(Held(newest - 1, ("bob", "carol")))
    chat.tell(Held(newest, ("bob",)))


async def searching(stage: Stage) -> None:
    await busy(stage)
    _, _, pilot = stage
    await pilot.press("ctrl+f", *"the")


async def pointing(stage: Stage) -> None:
    await busy(stage)
    _, app, pilot = stage
    await _until(lambda: "✓ " in _text(app), app)
    await pilot.press("f6", "up", "up")


async def stranger(stage: Stage) -> None:
    chat, _, _ = stage
    detail = (
        "it shows another key (3d24-91c0-77ab-0e15-8c62-f4d9-1b70-5a3e) than the one known for bob "
        "(f764-08d2-5c1e-9ab3-2247-6e0f-91d5-c38a): somebody else uses the name, or bob has a new key. "
        "Ask bob in person before you type /trust bob"
    )
    chat.tell(PeerStatus("bob", PeerPhase.REFUSED, detail))
    chat.tell(Notice(f"no connection to bob: {detail}", urgent=True, matter=Matter.ANOTHER_KEY))


async def fetching(stage: Stage) -> None:
    chat, _, pilot = stage
    bob = PeerStatus(
        "bob", PeerPhase.CONNECTED, missing=45_120, total=100_000, rate=12_300.0, known="key f764-08d2-5c1e"
    )
    chat.tell(bob)
    chat.tell(PeerStatus("carol", PeerPhase.CONNECTING, "looking for it", seen=chat.clock.now - 3 * _DAY))
    await pilot.press(*"/peers", "enter")


async def asking_why(stage: Stage) -> None:
    chat, _, pilot = stage
    chat.tell(PeerStatus("bob", PeerPhase.KNOCKING, "waiting to be accepted", waits=True))
    await pilot.press(*"/why bob", "enter")


_THREE = "chat-tui alice bob carol"
_BUSY = ("bob connected", "carol lost since", "alice ✓ See you")
SCENES = {
    "busy": Scene(_THREE, _BUSY, talk, busy, draft="Shall I bring coffee?"),
    "empty": Scene("chat-tui alice bob", ("bob types:",), peers=("bob",)),
    "searching": Scene(_THREE, ("7 found in 9",), talk, searching),
    "message-mode": Scene(_THREE, (*_BUSY, "r answer"), talk, pointing),
    "another-key": Scene(_THREE, ("bob refused", "somebody else uses the name"), talk, stranger),
    "peers": Scene(_THREE, ("bob connected, 45,120 to get", "Who is there"), talk, fetching),
    "why": Scene(_THREE, ("bob has to let you in", "types there"), talk, asking_why),
    "light": Scene(_THREE, _BUSY, talk, busy, theme="textual-light"),
    "narrow": Scene("chat-tui", ("carol lost", "alice ✓ See you"), talk, busy, size=(40, 24)),
    "wide": Scene(
        _THREE, ("connected, level", "lost since", "alice ✓ See you"), talk, busy, size=(160, 24), theme="nord"
    ),
}


async def take(name: str) -> str:
    """The SVG of a scene."""
    scene = SCENES[name]
    with tempfile.TemporaryDirectory() as folder, local_chat(Path(folder), peers=scene.peers) as chat:
        scene.before(chat)
        app = ChatApp(chat, draft=scene.draft, taste=Taste(scene.theme), zone=UTC, wall=chat.clock)
        async with app.run_test(size=scene.size) as pilot:
            await _until(lambda: chat.running, app)
            if scene.act is not None:
                await scene.act((chat, app, pilot))
            await _until(lambda: all(part in _text(app) for part in scene.shows), app)
            await pilot.pause()
            picture = app.export_screenshot(title=scene.title)
        await app.settle()
    return _without_fetching(picture)


def _without_fetching(svg: str) -> str:
    """A picture is to load nothing from elsewhere: Textual's has its font from a server."""
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*;", f"font-family: {_FONTS};", svg)
    return re.sub(r"<!-- Generated with .*? -->", f"<!-- Textual {__version__} -->", svg)


def _alice(chat: LocalChat, text: str) -> None:
    chat.clock.now += MINUTE
    chat.send(text).result()


def _says(chat: LocalChat, name: str, text: str) -> None:
    """Somebody who has read all that is here."""
    chat.says(name).result()
    chat.reads(name)
    chat.says(name, text).result()


def _react(chat: LocalChat, name: str, symbol: str) -> None:
    """To the newest message."""
    newest = chat.log.before(b"\xff" * 16, 1)[0]
    target = chat.log.reference(newest.feed, newest.seq)
    chat.clock.now += MINUTE
    if target is not None:
        chat.amends(name, Reaction(target, symbol, True)).result()


def _text(app: ChatApp) -> str:
    rows = ("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
    return " ".join(" ".join(rows).split())


async def _until(condition: Callable[[], bool], app: ChatApp) -> None:
    try:
        async with asyncio.timeout(_WAIT):
            while not condition():  # noqa: ASYNC110  # a frame that shows it is drawn some time after it is so
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"the scene does not come; there is: {_text(app)}") from None


def main() -> None:
    os.environ["COLORTERM"] = "truecolor"  # whatever terminal it is started in
    os.environ.pop("NO_COLOR", None)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(exist_ok=True)
    for name in SCENES:
        (folder / f"{name}.svg").write_text(asyncio.run(take(name)))


if __name__ == "__main__":
    main()
