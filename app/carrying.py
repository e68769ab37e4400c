"""`chat-tui export` and `chat-tui import`: what is in a room goes to a file and comes out of one, carried by hand.

- What comes in is judged as if a peer had sent it: signatures, forks, who is refused, how much is kept. But nobody has
  proved who made a file: it is counted against an account of its own.
- A file is there whole or not at all. What was taken in stays, whatever comes after it: the same command goes on.
- Nothing of somebody who is refused is written; who is written for has to be let in.
- Where a program has the room open, it is asked to do it. It is seen and stopped the same then.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct, field

from app import door_bell
from app.command import Export, ExportFormat, Import
from app.config import key_file, make_user_folder, room_folder, user_folder
from app.entry import KEY_BYTES, Run
from app.errors import LockedError, ParcelError, StoppedError, StorageError, UsageError
from app.identity import Identity
from app.identity_file import read_sound
from app.ingest import IngestReport, Refusal
from app.names import DEFAULT_ROOM, name_key
from app.parcel import PIECE_BYTES, ParcelHeader, ParcelReader, ParcelWriter
from app.passphrase import Ask, unlock
from app.peers import PeerRecord, Standing
from app.people import People
from app.private_files import reason
from app.progress import Progress
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from app.trust import pinned
from app.whole_files import whole_file

READ_BYTES = 262_144  # of entries, read from the database at a time
MAX_IN_FLIGHT = 16  # times PIECE_BYTES handed to the database and not durable yet: enough for full group commits
_RUN_WEIGHT = 256  # bytes that a run counts for beside its entries

Say = Callable[[str], object]
Tell = Callable[[int, int], object]  # how much is done, of how much; raises StoppedError to stop it

_WHY = {
    Refusal.GAP: "lack what comes before them, here and in the file",
    Refusal.INVALID: "do not verify: the file was damaged or forged there",
    Refusal.ANOTHER_ROOM: "belong to another room",
    Refusal.QUOTA: "are by people whom nobody here has met, and more than is kept of that",
    Refusal.UNWANTED: "are by people who are refused here",
    Refusal.FORKED: "contradict what the same people wrote that is here",
}


def export(command: Export, say: Say) -> str:
    """Write the file. say: for remarks; what was done is the answer."""
    progress = Progress("messages written" if command.format else "entries written", debug=command.debug)
    try:
        with _existing_log(command.me, command.data_dir, command.room) as (log, me, room):
            done = write(log, me, room, command, progress)
    except LockedError:
        folder = room_folder(user_folder(command.data_dir, command.me), command.room)
        form = None if command.format is None else command.format.value
        wanted = door_bell.Wanted("export", command.file, command.reader or "", form)
        answer = door_bell.ask_to_carry(folder, wanted, progress)
        if answer is None:
            raise
        done = answer
    finally:
        progress.end()
    say(f"whoever gets {command.file} can read it: it is not encrypted, and only your account may open it here")
    return done


def write(log: Log, me: str, room: str, command: Export, progress: Tell) -> str:
    """Write the file from an open log, in any thread. What was done."""
    try:
        return _write(log, me, room, command, progress)
    except (KeyboardInterrupt, StoppedError):
        if command.file.exists():  # it was too late
            raise
        raise StoppedError(f"stopped: {command.file} was not written") from None


def _write(log: Log, me: str, room: str, command: Export, progress: Tell) -> str:
    if command.format is not None:
        from app.transcript import write_transcript

        people = People(log.author, me, records=log.peers, authors=log.authors)
        with whole_file(command.file) as file:
            number = write_transcript(file, log, people, form=command.format, room=room, progress=progress)
        return f"{_are(number, 'message', 'messages')} in {command.file}"
    written = _write_parcel(command, log, me, room, progress)
    whose = f" for {command.reader}" if command.reader else ""
    hint = "" if room == DEFAULT_ROOM else f" --room {room}"
    return (
        f"{_are(written, f'entry{whose}', f'entries{whose}')} in {command.file}: "
        f"chat-tui import {command.reader or 'NAME'} FILE{hint} takes them in"
    )


class Room(Struct, frozen=True):
    """A room that is open here. me, name: as they were first written; proved: told, in any thread, of each feed of
    which a proof is kept from now on that it has two branches."""

    log: Log
    me: str
    name: str
    data_dir: Path
    proved: Callable[[bytes], object] = lambda _: None


def carry(room: Room, wanted: door_bell.Wanted, progress: Tell) -> str:
    """What another process asks for, in any thread.

    What is no file of a disk is not opened: /dev/stdin is this program's own here, and would take what is typed, and a
    pipe may keep the thread, and so the program from ending.
    """
    if wanted.action == "import":
        if not wanted.file.is_file():
            raise UsageError(
                f"{wanted.file} is no file that {room.me}'s open program can read: save it as one, or end the program "
                f"first"
            )
        command = Import(room.me, room.data_dir, room.name, wanted.file)
        return take(room.log, room.me, command, progress, room.proved)
    known = next((known for known in ExportFormat if known.value == wanted.form), None)
    writing = Export(room.me, room.data_dir, room.name, wanted.file, wanted.name or None, known)
    return write(room.log, room.me, room.name, writing, progress)


def _write_parcel(command: Export, log: Log, me: str, room: str, progress: Tell) -> int:
    known = {} if command.reader is None else _known_to(log, command.reader)
    heads = log.frontier()
    total = sum(max(0, head.seq - known.get(feed, 0)) for feed, head in heads.items() if not log.withholds(feed))
    with whole_file(command.file) as file:
        writer = ParcelWriter(file, ParcelHeader(room, log.author, me, time.time_ns() // 1000))
        for feed, head in heads.items():
            low = known.get(feed, 0) + 1
            while low <= head.seq and (runs := log.read_runs(feed, low, head.seq, READ_BYTES)):
                for run in runs:
                    writer.add(run)
                low = runs[-1].last + 1
                progress(writer.entries, total)
        writer.finish()
    return writer.entries


def _known_to(log: Log, name: str) -> dict[bytes, int]:
    """By feed, the last entry that somebody who is let in holds for certain: by their signature, or as they told."""
    record = pinned(log.peers(), name)
    if record is None or record.standing is not Standing.ACCEPTED:
        raise UsageError(
            f"{name} was never let in here, and would read all that is in the room. Meet {name} once, or write "
            f"for anybody who gets the file: chat-tui export without --for"
        )
    known = log.cited_by(record.key)
    for feed, seq in record.held.items():
        head = log.head(feed)
        if head is not None:
            known[feed] = max(known.get(feed, 0), min(seq, head.seq))
    heads = log.frontier()
    theirs = [feed for feed in heads if (author := log.feed_author(feed)) is not None and author[0] == record.key]
    if len(theirs) == 1:  # of several, each is that of another device
        known[theirs[0]] = heads[theirs[0]].seq
    return known


class _Taken(Struct):
    """What became of the entries of a file. feeds: of which some are new; forked: of which another branch was in it."""

    offered: int = 0
    new: int = 0
    refused: Counter[Refusal] = field(default_factory=Counter)
    feeds: set[bytes] = field(default_factory=set)
    forked: set[bytes] = field(default_factory=set)
    proved: Callable[[bytes], object] = lambda _: None

    def count(self, report: IngestReport) -> None:
        for advance in report.advances:
            self.new += advance.head.seq - advance.first + 1
            self.feeds.add(advance.feed)
        for refused in report.refused:
            self.refused[refused.refusal] += len(refused.run.entries)
            if refused.refusal is Refusal.FORKED:
                self.forked.add(refused.run.feed)
        for feed in report.proved:
            self.proved(feed)


def import_(command: Import, environment: Mapping[str, str], ask: Ask | None) -> str:
    """Take in the file. What was done; raises ParcelError when that is not all that the file should have had."""
    progress = Progress("bytes read", debug=command.debug)
    try:
        with _any_log(command, environment, ask) as (log, me):
            return take(log, me, command, progress)
    except LockedError:
        folder = room_folder(user_folder(command.data_dir, command.me), command.room)
        # Where the file is for anybody: /dev/stdin is another one there.
        answer = door_bell.ask_to_carry(folder, door_bell.Wanted("import", command.file.resolve()), progress)
        if answer is None:
            raise
        return answer
    finally:
        progress.end()


def take(log: Log, me: str, command: Import, progress: Tell, proved: Callable[[bytes], object] = lambda _: None) -> str:
    """Take in the file into an open log, in any thread. As `import_`; proved: as in `Room`."""
    taken = _Taken(proved=proved)
    people = People(log.author, me, records=log.peers, authors=log.authors)
    try:
        with command.file.open("rb") as file:
            parcel = ParcelReader(file, str(command.file))
            _refuse_another_room(command, parcel.header)
            _refuse_packer(log.peers().get(parcel.header.packer), command.file, people)
            try:
                fault = _ingest(parcel, log, taken, progress, command.file.stat().st_size)
            except (KeyboardInterrupt, StoppedError):
                raise StoppedError(f"stopped: {_said(command, taken, log, people)}. The same command goes on") from None
    except OSError as error:
        raise StorageError(f"{command.file} cannot be read: {reason(error)}") from error
    said = _said(command, taken, log, people)
    wrong = [f"{taken.refused[refusal]:,} {_WHY[refusal]}" for refusal in Refusal if taken.refused[refusal]]
    if any(map(log.fork_seq, taken.forked)):
        hint = "" if name_key(command.room) == DEFAULT_ROOM else f" --room {command.room}"
        wrong.append(f"both texts: chat-tui peers {me} forks{hint}")
    if fault is not None or wrong:
        raise ParcelError("; ".join(([] if fault is None else [str(fault)]) + wrong + [said]))
    return said


def _ingest(parcel: ParcelReader, log: Log, taken: _Taken, progress: Tell, size: int) -> ParcelError | None:
    """What ended the reading before the end, if something did. What was handed over before is durable all the same."""
    waiting: deque[Future[IngestReport]] = deque()
    account = _account(parcel.header.packer)
    together: list[Run] = []
    weight = 0
    fault = None
    try:
        for runs in parcel.runs():
            together += runs
            weight += sum(run.size + _RUN_WEIGHT for run in runs)
            if weight >= PIECE_BYTES:  # pieces may be as small as one likes, and each commit takes the disk's time
                waiting.append(_hand_over(log, together, account, taken))
                together, weight = [], 0
            if len(waiting) >= MAX_IN_FLIGHT:
                taken.count(waiting[0].result())
                waiting.popleft()
            progress(parcel.at, size)
    except ParcelError as error:
        fault = error
    finally:
        if together:
            waiting.append(_hand_over(log, together, account, taken))
        while waiting:
            taken.count(waiting.popleft().result())
    return fault


def _hand_over(log: Log, runs: list[Run], account: bytes, taken: _Taken) -> Future[IngestReport]:
    taken.offered += sum(len(run.entries) for run in runs)
    return log.ingest(runs, account)


def _account(packer: bytes) -> bytes:
    """Against whom it counts what strangers wrote: not the key itself, since anybody can put it on a file and so use up
    what its owner may bring."""
    return blake2b(packer, digest_size=KEY_BYTES, person=b"chat-tui carried").digest()


def _said(command: Import, taken: _Taken, log: Log, people: People) -> str:
    people.changed()
    authors = {author for feed in taken.feeds if (author := log.feed_author(feed)) is not None}
    names = sorted({people.label(*author) for author in authors})
    by = f" by {', '.join(names)}" if 0 < len(names) <= 3 else f" by {len(names)} people" if names else ""
    here = taken.offered - taken.new - taken.refused.total()
    new = f"1 new entry{by} was" if taken.new == 1 else f"{taken.new:,} new entries{by} were"
    return f"{new} taken from {command.file}; {here:,} {'was' if here == 1 else 'were'} here already"


def _are(number: int, one: str, more: str) -> str:
    return f"1 {one} is" if number == 1 else f"{number:,} {more} are"


def _refuse_another_room(command: Import, header: ParcelHeader) -> None:
    if name_key(header.room) != name_key(command.room):
        raise UsageError(
            f"{command.file} is from room {header.room}, not {command.room}. To take it in there: "
            f"chat-tui import {command.me} {command.file} --room {header.room}"
        )


def _refuse_packer(record: PeerRecord | None, file: Path, people: People) -> None:
    if record is not None and record.refused:
        name = people.label(record.key, record.name)
        raise StorageError(f"{file} says that it was made by {name}, who is refused here: nothing was taken from it")


@contextmanager
def _existing_log(me: str, data_dir: Path, room: str) -> Iterator[tuple[Log, str, str]]:
    """The log, and the names of ME and the room as they were first written. Nothing is signed."""
    user = user_folder(data_dir, me)
    folder = room_folder(user, room)
    if not (folder / DATA_FILE).exists():
        raise StorageError(f"nothing is kept for {me} in room {room} in {data_dir}")
    identity = Identity(b"", read_sound(key_file(user)).public)
    with closing(_open(folder, identity, user.name)) as log:
        yield log, user.name, folder.name


@contextmanager
def _any_log(command: Import, environment: Mapping[str, str], ask: Ask | None) -> Iterator[tuple[Log, str]]:
    """The log, made if there is none: a copy of a key and a file are all that a new computer has."""
    user = user_folder(command.data_dir, command.me)
    folder = room_folder(user, command.room)
    if not key_file(user).exists():
        raise StorageError(
            f"{command.me} has no key in {command.data_dir} yet: chat-tui {command.me} makes one, or chat-tui identity "
            f"import {command.me} FILE brings a copy of it"
        )
    make_user_folder(user)
    key = read_sound(key_file(user))
    new = not (folder / DATA_FILE).exists()  # its first entry is signed
    identity = unlock(key, command.me, environment, ask) if new else Identity(b"", key.public)
    with closing(_open(folder, identity, user.name)) as log:
        yield log, user.name


def _open(folder: Path, identity: Identity, me: str) -> Log:
    return Log.open(folder, identity=identity, name=me, room=folder.name, wall=lambda: time.time_ns() // 1000)
