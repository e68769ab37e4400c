"""`chat-tui peers` beside a running program: the socket between them, and what is decided through it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app import door_bell
from app.door_bell import Tell, Wanted
from app.errors import StoppedError, UsageError
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


class Carrier:
    """Carries in a thread until it is stopped, or until it may be done."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.ended = threading.Event()

    async def __call__(self, wanted: Wanted, tell: Tell) -> str:
        return await asyncio.to_thread(self._work, wanted, tell)

    def _work(self, wanted: Wanted, tell: Tell) -> str:
        try:
            while not self.may_end.is_set():
                tell(3, 7)
            return f"{wanted.file} is written"
        except StoppedError:
            raise StoppedError("stopped: nothing is written") from None
        finally:
            self.ended.set()


class Asker:
    """Another process that asks for a file, as `chat-tui export` does, and shows what it is told."""

    def __init__(self, folder: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from app.door_bell import Wanted, ask_to_carry\n"
            "from app.errors import ChatError\n"
            "try: print(ask_to_carry(Path(sys.argv[1]), Wanted('export', Path('file')), lambda *at: print(*at)))\n"
            "except ChatError as error: print(error); sys.exit(error.exit_status)"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, str(folder)], stdout=subprocess.PIPE, text=True, env=os.environ
        )

    async def line(self) -> str:
        assert self.process.stdout
        return (await asyncio.to_thread(self.process.stdout.readline)).rstrip()

    async def last_line(self) -> str:
        line = ""
        while (following := await self.line()) != "":
            line = following
        await asyncio.to_thread(self.process.wait, 20)
        return line

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[tuple[Carrier, Asker, asyncio.Task[None]]]:
    """Somebody who carries for somebody who has heard how far that has come, and what listens for both."""
    carrier = Carrier()
    listening = asyncio.create_task(door_bell.listen(tmp_path, decide, carrier))
    await rung(tmp_path, None, "")
    asker = Asker(tmp_path)
    try:
        line = await asker.line()
        assert line in ("0 0", "3 7")
        while line != "3 7":
            line = await asker.line()
        yield carrier, asker, listening
    finally:
        carrier.may_end.set()
        asker.close()
        listening.cancel()
        await asyncio.wait([listening])


Asked = tuple[Carrier, Asker, asyncio.Task[None]]


async def test_who_asks_for_a_file_hears_how_far_it_has_come_and_when_it_is_done(asked: Asked) -> None:
    carrier, asker, _ = asked
    carrier.may_end.set()
    assert await asker.last_line() == "file is written"
    assert asker.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_who_stops_it_hears_what_was_done(asked: Asked, number: signal.Signals) -> None:
    carrier, asker, _ = asked
    asker.process.send_signal(number)
    assert await asker.last_line() == "stopped: nothing is written"
    assert asker.process.returncode == 130
    assert carrier.ended.is_set()


async def test_what_nobody_waits_for_any_more_is_stopped(asked: Asked) -> None:
    carrier, asker, _ = asked
    asker.process.kill()
    assert await asyncio.to_thread(carrier.ended.wait, 20)


async def test_who_asked_a_program_that_ends_is_told_and_nothing_goes_on_behind_it(asked: Asked) -> None:
    carrier, asker, listening = asked
    listening.cancel()
    await asyncio.wait([listening])
    assert carrier.ended.is_set()
    assert "ended before this was done" in await asker.last_line()
    assert asker.process.returncode == 1


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
