"""Being called in a real terminal: the bell and a notice while it says that another window has the focus."""

from __future__ import annotations

import re

from tests.end_to_end.terminal import READY, Household

FOCUS_IN, FOCUS_OUT = "\x1b[I", "\x1b[O"
NOTICE = b"\x1b]777;notify;chat-tui: main;%s wrote to you\x1b\\"


def test_a_mention_calls_who_looks_elsewhere_and_nobody_else(household: Household) -> None:
    alice, bob, carol = map(household.name, ("alice", "bob", "carol"))
    household.settings |= {"TERM_PROGRAM": "ghostty"}
    terminal = household.terminal(alice, bob, carol)
    terminal.wait_for(READY)
    assert b"\x1b[?1004h" in terminal.raw, "the terminal was not asked to tell about the focus"
    sender = household.lines(bob, alice)
    terminal.send("x")
    sender.type(f"{alice}: you are here")
    terminal.wait_for("you are here")
    assert b"\x1b]777" not in terminal.raw
    terminal.send(FOCUS_OUT)
    sender.type("hello everybody")
    sender.type(f"@{alice}, the code is 1234")
    terminal.wait_for("1234")
    expected = NOTICE % bob.encode()
    terminal.wait_for(lambda _: expected in terminal.raw)
    assert re.search(rb"\x07" + re.escape(expected), terminal.raw), "no bell"
    assert not re.search(rb"\x1b\]777[^\x1b]*1234", terminal.raw), "the text is nobody else's business"
    terminal.send(FOCUS_IN)
    terminal.send("\x11")
    assert terminal.wait_for_end() == 0
