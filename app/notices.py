"""What a node says on its own about those it meets and about its disk: each sentence as often as it helps, no more.

- Who can make somebody appear, be refused or break a rule any number of times fills no screen with it.
- What is no more so is taken back, for who has not read it yet.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from app.door import Door
from app.errors import DiskFullError, StorageError
from app.names import name_key
from app.peers import Author
from app.status import Matter, Notice, Outdated
from app.text import one_line

MAX_REFUSALS_TOLD = 8  # for one name; more tell nothing new, and each has to be closed by hand
MAX_INTRODUCED = 3  # people known through others who come at once; of more only the number is told
MAX_SAID_ONCE = 256  # warnings about peers in one run; more of them nobody reads
SAVING_AGAIN_AFTER = 0.9  # seconds without a failure; what failed is tried again after 1 s at the earliest

_SAVING = "saving"  # what notices are about: messages from others


class Notices:
    def __init__(
        self,
        me: bytes,
        named: Container[str],
        door: Door,
        authors: Callable[[], Sequence[Author]],
        tell: Callable[[Notice | Outdated], None],
    ) -> None:
        """me: the own public key; named: the keys of the names on the command line; authors: all whose entries are
        here."""
        self._me = me
        self._named = named
        self._door = door
        self._authors = authors
        self._tell = tell
        self._failed_at: float | None = None  # since when saving fails, or last did
        self._said_once: set[tuple[bytes, str]] = set()
        self._unmet: set[bytes] = set()
        self._refusals_told: dict[str, int] = {}  # by name

    def once(self, key: bytes, text: str) -> None:
        """About one peer the same is said once in a run, however often it comes again to do it. key: empty for one
        that is not known."""
        said = (key, text)
        if said in self._said_once or len(self._said_once) >= MAX_SAID_ONCE:
            return
        self._said_once.add(said)
        self._tell(Notice(one_line(text)))

    # Who is known through others.

    def begin(self) -> None:
        """Who is here by now is not introduced."""
        self._unmet = set(self._unmet_authors())

    def introduce(self) -> None:
        """Entries by an author whose feed was not here have come."""
        unmet = self._unmet_authors()
        new = [author for key, author in unmet.items() if key not in self._unmet]
        self._unmet = set(unmet)
        if len(new) > MAX_INTRODUCED:
            self._tell(Notice(f"{len(new)} people whom you never met are known through others now"))
        else:
            for author in new:
                self._tell(Notice(self._introduction(author)))

    def _unmet_authors(self) -> dict[bytes, Author]:
        """Whose entries are here, and who were never met, by key."""
        met = {self._me, *self._door.records}
        return {author.key: author for author in self._authors() if author.key not in met}

    def _introduction(self, author: Author) -> str:
        people, bringer = self._door.people, self._door.records.get(author.via)
        label = people.label(author.key, author.name)
        through = "others" if bringer is None else people.label(bringer.key, bringer.name)
        return f"{one_line(author.name)}, via {one_line(through)}: never met, so shown as {one_line(label)}"

    # Who is not let in, here or there.

    def refused(self, name: str, key: bytes | None, shown: str, detail: str) -> None:
        """Say so, if it is somebody whom I look for or know. Anybody can make keys that are refused under a name."""
        if key is not None and self._door.people.is_refused(key):
            return  # I said so myself
        told = self._refusals_told.get(name_key(shown), 0)
        if told >= MAX_REFUSALS_TOLD or not (name_key(shown) in self._named or self._door.pinned(shown)):
            return
        self._refusals_told[name_key(shown)] = told + 1
        rival = None if key is None else self._door.about_rival(key)
        matter = Matter.OTHER if rival is None else Matter.ANOTHER_KEY
        said = one_line(f"no connection to {shown}: {detail}{rival or ''}")
        self._tell(Notice(said, urgent=True, matter=matter, about=_about_refusal(name, key)))

    def connected(self, name: str, key: bytes) -> None:
        self._tell(Outdated(_about_refusal(name, key)))
        self._tell(Outdated(_about_refusal(name, None)))

    # Whether what others write can be saved. now: seconds by the event loop's clock.

    def saving_failed(self, error: StorageError, now: float) -> None:
        if self._failed_at is None:
            later = ", and it goes on by itself" if isinstance(error, DiskFullError) else "; it is tried again"
            said = one_line(f"messages from others cannot be saved: {error}{later}")
            self._tell(Notice(said, urgent=True, about=_SAVING))
        self._failed_at = now

    def saving_works(self, now: float) -> None:
        # A smaller piece may fit into what is left, and the next one not: that is not worth two more sentences.
        if self._failed_at is not None and now - self._failed_at > SAVING_AGAIN_AFTER:
            self._failed_at = None
            self._tell(Outdated(_SAVING))
            self._tell(Notice("messages from others are saved again"))


def _about_refusal(name: str, key: bytes | None) -> str:
    return f"refusal {name_key(name)} {key.hex() if key else ''}"
