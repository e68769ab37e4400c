"""The commands of line mode, for a person at a terminal and for programs: those of the screen that need none.

- One method for each row of `commands.PLAIN`. A ChatError says what to type instead, and nothing has been done then.
- What a command says goes where remarks go, never between the messages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from itertools import islice

from app import commands, door
from app.acts import PREFIX
from app.amendments import Deletion, Edit
from app.commands import Decide, Hint, Run, Say, name_and_text
from app.days import today
from app.entry import Reference, check_text
from app.errors import LocalEntryError
from app.last_words import last_by, last_own, quoted
from app.line_node import LineNode
from app.moments import local
from app.muting import Muting
from app.search import Query, parse_query
from app.status import Notice, PeerStatus
from app.text import one_line
from app.timeline import TimelineEntry

UNREAD = 0.5  # seconds after a question in which nobody has read it: what comes then was pasted with what asked it
_MOST_FOUND = 20  # a person reads no more at once, and a word more finds fewer


class LineCommands:
    def __init__(
        self,
        node: LineNode,
        *,
        inform: Callable[[str], None],
        tell_peer: Callable[[PeerStatus], None],
        leave: Callable[[], None],
        muting: Muting | None,
        muted: Callable[[], None],
    ) -> None:
        """inform: tells the person a sentence, tell_peer: how it stands with somebody; leave: the input has ended;
        muting: None where a program gives the commands; muted: other people are muted now, or no more."""
        self._node = node
        self._inform = inform
        self._tell_peer = tell_peer
        self._leave = leave
        self._muting = muting
        self._muted = muted
        self._about_to_delete: Reference | None = None
        self._asked = 0.0  # when that was asked about, monotonic seconds

    async def carry_out(self, typed: str) -> None:
        """Until it is done, and what it wrote is saved."""
        match commands.read(typed, commands.PLAIN):
            case Run(order, argument):
                about_to_delete, self._about_to_delete = self._about_to_delete, None
                done = getattr(self, f"command_{order.name}")(argument, about_to_delete)
                if done is not None:
                    await done
            case Decide(decision):
                self._inform(self._node.command(decision).text)
            case Say():
                raise LocalEntryError("a command begins with one /: try /help")
            case Hint(hint):
                what = (
                    hint
                    if self._muting
                    else f"there is no command {typed.split(maxsplit=1)[0]!r} in line mode: try /help"
                )
                raise LocalEntryError(what)

    def command_help(self, *_: object) -> None:
        rows = [(command.usage, command.description) for command in commands.PLAIN]
        for form, said in (*rows, *door.HELP.items(), ("//text", "send a message that begins with /")):
            self._inform(f"{form}: {said}")

    def command_peers(self, *_: object) -> None:
        peers = self._node.statuses()
        for peer in peers:
            self._tell_peer(peer)
        if not peers:
            self._inform("nobody is named: start with chat-tui ME PEER")

    def command_why(self, name: str, *_: object) -> None:
        from app.why import why_lines

        for line in why_lines(self._node.why(name)):
            self._inform(line)

    def command_forks(self, name: str, *_: object) -> None:
        from app.fork_words import fork_lines

        for line in fork_lines(self._node.log.forks(), self._node.people, name):
            self._inform(line)

    def command_me(self, doing: str, *_: object) -> Awaitable[None]:
        if not doing:
            raise LocalEntryError("say what you do, as in: /me waves")
        return asyncio.wrap_future(self._node.send_all([check_text(PREFIX + doing)]))

    def command_reply(self, words: str, *_: object) -> Awaitable[None]:
        name, said = name_and_text(words)
        answered, target = last_by(name, self._node.log, self._node.people)
        return self._saved(self._node.log.reply(check_text(said), target), f"this answers {quoted(answered)}")

    def command_edit(self, said: str, *_: object) -> Awaitable[None]:
        target = last_own(self._node.log)[1]
        return self._saved(self._node.log.amend(Edit(target, check_text(said))))

    def command_delete(self, _: str, about_to_delete: Reference | None) -> Awaitable[None] | None:
        entry, target = last_own(self._node.log)
        too_soon = self._muting is not None and time.monotonic() - self._asked < UNREAD
        if about_to_delete != target or too_soon:
            self._about_to_delete, self._asked = target, time.monotonic()
            self._inform(f"/delete again deletes {quoted(entry)} on all screens")
            return None
        return self._saved(self._node.log.amend(Deletion(target)))

    def command_mute(self, name: str, *_: object) -> None:
        self._tell_muted(self._mutes().mute(name))

    def command_unmute(self, name: str, *_: object) -> None:
        self._tell_muted(self._mutes().unmute(name))

    async def command_search(self, words: str, *_: object) -> None:
        query = parse_query(words, keys_of=self._node.people.called, today=today(None))
        found = await asyncio.to_thread(self._find, query)
        people = self._node.people
        for hit in reversed(found):
            moment = local(hit.time, None)
            written = "at an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
            self._inform(f"{written} {people.label(hit.author, hit.name)}: {one_line(hit.text or '')}")
        self._inform(f"the newest {_MOST_FOUND}" if len(found) == _MOST_FOUND else f"{len(found)} found")

    def command_quit(self, *_: object) -> None:
        self._leave()

    def _mutes(self) -> Muting:
        if self._muting is None:
            raise LocalEntryError("a program gets all messages: it can pass over those that it does not want")
        return self._muting

    def _tell_muted(self, notice: Notice) -> None:
        self._inform(notice.text)
        self._muted()

    def _find(self, query: Query) -> Sequence[TimelineEntry]:
        """In a thread: it takes a second for a million messages."""
        return list(islice((hit for step in self._node.log.search(query) for hit in step.hits), _MOST_FOUND))

    async def _saved(self, saving: Future[TimelineEntry], said: str = "") -> None:
        await asyncio.wrap_future(saving)
        if said:
            self._inform(said)
