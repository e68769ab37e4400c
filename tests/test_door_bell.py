"""`chat-tui peers` beside a running program: the socket between them, and what is decided through it."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from app import door_bell
from app.errors import UsageError
from app.identity import Identity, grouped
from app.status import PeerPhase
from tests.persons import Person, people

__all__ = ["people"]


def decide(action: str | None, name: str) -> str:
    if name == "nobody":
        raise UsageError("nobody is called so")
    return f"{action} {name}"


async def rung(folder: Path, action: str | None, name: str) -> str | None:
    """The answer, as soon as there is somebody to answer."""
    async with asyncio.timeout(20):
        while (answer := await asyncio.to_thread(door_bell.ask, folder, action, name)) is None:
            pass
        return answer


@pytest.mark.parametrize("depth", [1, 40])
async def test_a_question_is_answered_however_long_the_path_is(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["folder"] * depth)
    folder.mkdir(parents=True)
    listening = asyncio.create_task(door_bell.listen(folder, decide))
    assert await rung(folder, "accept", "carol") == "accept carol"
    assert await rung(folder, None, "") == "None "
    with pytest.raises(UsageError, match="nobody is called so"):
        await rung(folder, "refuse", "nobody")
    assert stat.S_ISSOCK((folder / door_bell.FILE).stat().st_mode)
    listening.cancel()
    await asyncio.wait([listening])
    assert not (folder / door_bell.FILE).exists()
    assert await asyncio.to_thread(door_bell.ask, folder, None, "") is None


async def test_what_a_killed_program_left_is_in_nobody_s_way(tmp_path: Path) -> None:
    address = str(tmp_path / door_bell.FILE)
    (await asyncio.start_unix_server(lambda _, writer: writer.close(), address)).close()
    assert await asyncio.to_thread(door_bell.ask, tmp_path, None, "") is None
    listening = asyncio.create_task(door_bell.listen(tmp_path, decide))
    assert await rung(tmp_path, "forget", "bob") == "forget bob"
    listening.cancel()
    await asyncio.wait([listening])


@pytest.mark.parametrize("line", [b"", b"nonsense\n", b"[]\n", b'{"action": 1, "name": 2}\n', b"[" * 100_000 + b"\n"])
async def test_other_questions_get_no_answer_and_do_no_harm(tmp_path: Path, line: bytes) -> None:
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    listening = asyncio.create_task(door_bell.listen(tmp_path, decide))
    await rung(tmp_path, None, "")
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / door_bell.FILE))
    writer.write(line)
    writer.write_eof()
    assert await reader.read() in (b"", b"{}\n")
    writer.close()
    assert await rung(tmp_path, "accept", "bob") == "accept bob"
    assert raised == []
    listening.cancel()
    await asyncio.wait([listening])


async def test_a_new_key_is_trusted_from_outside_after_both_were_shown(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    old, bob.identity = bob.identity, Identity.generate()
    bob.folder /= "again"
    bob.folder.mkdir(mode=0o700)
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.REFUSED)
        shown = await rung(alice.folder, "trust", bob.name)
        assert shown is not None
        assert grouped(old.fingerprint) in shown
        assert grouped(bob.identity.fingerprint) in shown
        await rung(alice.folder, "trust", bob.name)
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)


async def test_who_knocks_is_listed_and_let_in_from_outside(people: Callable[[str], Person]) -> None:
    alice, carol = people("alice"), people("carol")
    async with alice.chatting("somebody"), carol.chatting(alice.name):
        await alice.says("for those who are let in")
        await alice.until(lambda: alice.phase(carol.name) is PeerPhase.KNOCKING)
        listed = await rung(alice.folder, None, "")
        assert listed is not None
        assert listed.splitlines()[-1].startswith(f"{carol.name}  ")
        assert listed.endswith("asks to be let in")
        answer = await rung(alice.folder, "accept", carol.name)
        assert answer is not None
        assert answer in alice.notices()
        await carol.until(lambda: carol.reads() == ["for those who are let in"])


async def test_why_somebody_is_not_here_is_asked_from_outside(people: Callable[[str], Person]) -> None:
    alice = people("alice")
    async with alice.chatting("bob"):
        said = await rung(alice.folder, "why", "bob")
        assert said is not None
        assert said.splitlines()[0] == "bob"
        assert said.splitlines()[1].startswith("  ✕ discovered: ")
