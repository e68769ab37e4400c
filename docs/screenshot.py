"""Makes the README's screenshot, docs/screenshot.svg, with the program itself: `python -m docs.screenshot [SVG]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import timedelta, timezone
from pathlib import Path

from app.status import Held, PeerPhase, PeerStatus
from app.widgets.chat_app import ChatApp
from tests.widgets.chats import MINUTE, LocalChat, local_chat

SIZE = (88, 24)


def talk(chat: LocalChat) -> None:
    """Yesterday alice left a message while she was alone; today bob and carol are there."""

    def alice(text: str) -> None:
        chat.clock.now += MINUTE
        chat.send(text).result()

    alice("The new router is in. No internet yet, but the house network is up.")
    alice("Whoever comes home first: the key is with the neighbours.")
    chat.clock.now += 14 * 60 * MINUTE
    chat.says("bob", "Good morning! Just found your messages, my laptop was off all night.").result()
    chat.says("bob", "I have the key 🔑").result()
    alice("Great. Then the three of us can set up the workshop on Saturday:\n- shelves\n- lamp\n- sign: ようこそ 👋")
    chat.says("carol", "I'm in. I take the sign, my 漢字 are better than yours 😄").result()
    chat.says("carol", "By the way: bob and I have not met today. All that he wrote came to me through alice.").result()
    chat.says("bob", "Each of us has the whole history, that is the point 👍").result()
    alice("See you on Saturday!")


async def take() -> str:
    """The SVG."""
    with tempfile.TemporaryDirectory() as folder, local_chat(Path(folder), peers=("bob", "carol")) as chat:
        talk(chat)
        app = ChatApp(chat, draft="Shall I bring coffee?", zone=timezone(timedelta(hours=0)))
        async with app.run_test(size=SIZE) as pilot:
            while not chat.running:
                await pilot.pause()
            chat.tell(PeerStatus("bob", PeerPhase.CONNECTED))
            chat.tell(PeerStatus("carol", PeerPhase.LOST))
            chat.tell(Held(4, ("bob",)))
            await pilot.pause(0.5)  # the bars are drawn at most four times a second
            picture = app.export_screenshot(title="chat-tui alice bob carol")
        await app.settle()
    return picture


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("screenshot.svg")
    target.write_text(asyncio.run(take()))
