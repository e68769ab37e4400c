"""Message mode: pointing at a message, and what is done about it.

- A text for a message, such as an answer, is written in the composer. The draft that was there waits in the purpose.
- What was written and is given up can be put back, like what was cut.
- What cannot be done raises a ChatError that says why; nothing has changed then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial

from textual.binding import Binding

from app.amendments import Deletion, Edit
from app.clock_hints import proved
from app.commands import read_said, typed
from app.entry import Reference, check_text
from app.errors import LocalEntryError
from app.status import Holder, Notice
from app.text import one_line
from app.timeline import TimelineEntry
from app.view_state import Writing
from app.widgets import sheets
from app.widgets.backend import ChatBackend
from app.widgets.composer import Composer, put_back_keys
from app.widgets.keys import Keymap, key_lines
from app.widgets.link_choice import LinkChoice
from app.widgets.message_pane import MessagePane
from app.widgets.message_sheet import copied, details, reaction
from app.widgets.outbox import Outbox
from app.widgets.pane_keys import FOLD, ORIGINAL, PANE_BINDINGS, What
from app.widgets.purpose import Aim, Purpose, PurposeLine

_MAX_TOLD = 60  # characters of a message in a question about it


class MessageMode:
    def __init__(
        self,
        backend: ChatBackend,
        outbox: Outbox,
        pane: MessagePane,
        composer: Composer,
        line: PurposeLine,
        *,
        copy: Callable[[str], None],
        answer: Callable[[Notice], None],
        zone: tzinfo | None,
        keymap: Keymap,
        wall: Callable[[], int],
    ) -> None:
        """copy: a text to the clipboard, and says so; answer: tells what somebody who just pressed a key waits for;
        zone: of times, None for the computer's own; keymap: keys that the person chose."""
        self._put_back_keys = put_back_keys(keymap)
        self._keymap = keymap
        self.purpose: Purpose | None = None
        self._backend = backend
        self._outbox = outbox
        self._pane = pane
        self._composer = composer
        self._line = line
        self._answer = answer
        self._zone = zone
        self._copy = copy
        self._links = LinkChoice(copy, answer)
        self._wall = wall
        self._about_to_delete: tuple[bytes, int] | None = None
        self._hits: Sequence[TimelineEntry] = ()  # of the last search, the newest first
        self._at = 0
        self._where = ""  # which of the hits is shown
        self._terms: tuple[str, ...] = ()

    @property
    def busy(self) -> bool:
        """Whether there is something to go back from."""
        return self.purpose is not None or self._pane.pointed_at is not None

    def toggle(self) -> None:
        if self._pane.pointed_at is not None:
            self._leave()
            return
        self._where = ""
        self._pane.point()
        self.pointed()

    def pointed(self) -> None:
        """Another message is pointed at, or it is folded otherwise: say which keys mean something for it."""
        entry = self._pane.pointed_at
        if entry is None:
            return
        self._about_to_delete = None
        self._links.forget()
        void = {ORIGINAL} if entry.entry.answers is None else set()
        void |= set() if self._pane.folded else {FOLD}
        bindings = [each for each in PANE_BINDINGS if isinstance(each, Binding) and each.id not in void]
        lines = [f"↑↓  {keys}" for keys in key_lines(bindings, self._keymap)]
        if self._where:
            where = self._where
            lines = [f"{where}, n and N go to others  {keys}" for keys in lines] + [f"{where}: n, N", where]
        self._line.show(*lines)

    def go_to(self, hits: Sequence[TimelineEntry], which: int, terms: tuple[str, ...]) -> None:
        """Show one of what was found, wherever it is, and point at it; the others are a key away. terms: the folded
        words that they have, which are marked until the messages are left."""
        self._hits, self._at, self._terms = hits, which, terms
        self._pane.mark(terms)
        self._pane.point_at(hits[which])
        self._where = f"{which + 1} of {len(hits)} found"
        self.pointed()

    def _go_on(self, step: int) -> None:
        if not self._hits:
            raise LocalEntryError("nothing was searched for: Ctrl+F finds messages")
        self.go_to(self._hits, (self._at + step) % len(self._hits), self._terms)

    def composer_focused(self) -> None:
        """Keys go to the composer again, by Tab or by the mouse: nothing is pointed at any more."""
        if self._pane.pointed_at is not None:
            self._leave()

    def back(self) -> None:
        """To the composer, or to the draft that waits there."""
        if self._pane.pointed_at is not None:
            self._leave()
        else:
            self._give_up()
            self._end()

    @property
    def writing(self) -> Writing | None:
        """What is being written for a message, so that it can go on after a restart."""
        purpose = self.purpose
        if purpose is None:
            return None
        return Writing(purpose.aim.name, purpose.entry.feed, purpose.entry.seq, self._composer.draft)

    def go_on_writing(self, begun: Writing) -> None:
        """After a restart."""
        entry = self._backend.log.entry_at(begun.feed, begun.seq)
        if entry is None or begun.aim not in Aim.__members__:
            self._composer.restore(begun.text)
        else:
            self._begin(Aim[begun.aim], entry, begun.text)

    def choose(self, what: What, entry: TimelineEntry) -> None:
        about_to_delete, self._about_to_delete = self._about_to_delete, None
        self._links.forget()
        match what:
            case What.OLDER_HIT:
                self._go_on(1)
            case What.NEWER_HIT:
                self._go_on(-1)
            case What.COPY:
                self._copy(copied(entry))
            case What.OPEN:
                self._open(entry)
            case What.DETAILS:
                self._show_details(entry)
            case What.DELETE if about_to_delete != (entry.feed, entry.seq):
                _need_own(entry)
                self._about_to_delete = entry.feed, entry.seq
                # In the line of keys and not as a notice, which would still ask when it is done.
                told = one_line((entry.text or "")[:_MAX_TOLD])
                self._line.show(f"d again deletes on all screens: “{told}”", "d again deletes it for all")
            case What.DELETE:
                deletion = Deletion(self._target(entry))
                self._outbox.put("", lambda _: self._backend.log.amend(deletion))
                self._leave()
            case What.EDIT:
                _need_own(entry)
                self._begin(Aim.EDIT, entry, typed(entry.text or ""))
            case What.REPLY:
                self._begin(Aim.REPLY, entry)
            case What.REACT:
                self._begin(Aim.REACT, entry)

    def fulfil(self, text: str) -> None:
        """Send what was written for the purpose; the draft comes back."""
        purpose, log = self.purpose, self._backend.log
        if purpose is None:
            return
        target = purpose.target
        match purpose.aim:
            case Aim.REPLY:
                self._outbox.put(check_text(read_said(text).strip("\n")), lambda said: log.reply(said, target))
            case Aim.EDIT:
                self._outbox.put(check_text(read_said(text).strip("\n")), lambda said: log.amend(Edit(target, said)))
            case Aim.REACT:
                said = reaction(purpose.entry, target, text.strip(), log.author)
                self._outbox.put(text, lambda _: log.amend(said))
        self._end()

    def _leave(self) -> None:
        self._about_to_delete = None
        self._line.show("" if self.purpose is None else self.purpose.sentence())
        self._pane.mark(())
        self._pane.point_not()
        self._composer.focus()

    def _begin(self, aim: Aim, entry: TimelineEntry, text: str = "") -> None:
        label = self._backend.people.label(entry.author, entry.name)
        target = self._target(entry)
        self._give_up()
        draft = self.purpose.draft if self.purpose else self._composer.text
        self.purpose = Purpose(aim, entry, target, label, draft)
        self._leave()
        self._write(text)

    def _give_up(self) -> None:
        """What was written for the purpose is not needed, or was one key too many."""
        purpose, text = self.purpose, self._composer.text
        if purpose is None or not text.strip() or (purpose.aim is Aim.EDIT and text == typed(purpose.entry.text or "")):
            return
        self._composer.keep_cut(text)
        self._answer(Notice(f"{self._put_back_keys} puts back what you wrote"))

    def _end(self) -> None:
        purpose, self.purpose = self.purpose, None
        self._line.show("")
        if purpose is not None:
            self._write(purpose.draft)

    def _write(self, text: str) -> None:
        self._composer.load_text(text)
        self._composer.move_cursor(self._composer.document.end)

    def _target(self, entry: TimelineEntry) -> Reference:
        target = self._backend.log.reference(entry.feed, entry.seq)
        if target is None:
            raise LocalEntryError("the message is not here any more")
        return target

    def _open(self, entry: TimelineEntry) -> None:
        asked = self._links.begin(entry)
        if asked:
            self._line.show(asked)

    def choose_number(self, number: int) -> None:
        """Of the addresses that were asked about."""
        if self._links.choose(number):
            self.pointed()

    def follow(self, address: str) -> None:
        self._links.follow(address)

    def _show_details(self, entry: TimelineEntry) -> None:
        log = self._backend.log
        if entry.feed == log.own_feed:
            holders = self._backend.holdings.holders(entry.seq)
        else:  # of a feed of mine from another device or an earlier database, nobody tells this one who holds it
            holders = [Holder("who brought it here", True)]
        versions = log.versions(entry.feed, entry.seq)
        above = log.before(entry.key, 1)
        crossed = bool(above) and above[0].author != entry.author and log.crossed([(above[0], entry)])[0]
        rows = details(
            entry,
            self._backend.people,
            versions,
            holders,
            crossed=crossed,
            forked=log.fork_seq(entry.feed),
            skew=0 if entry.own else proved(entry.time, entry.arrival, partial(log.evidence, entry.feed, entry.seq)),
            now=self._wall(),
            zone=self._zone,
        )
        sheets.show(self._pane.app, "This message", lambda: rows)


def _need_own(entry: TimelineEntry) -> None:
    if not entry.own:
        raise LocalEntryError("only who wrote a message can change or delete it")
    if entry.deleted:
        raise LocalEntryError("it is deleted already")
