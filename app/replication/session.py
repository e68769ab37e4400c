"""One conversation with a peer: bytes and `now` in; events, bytes and a deadline out.

- No I/O, no await, no clock. `now` is in seconds of a monotonic clock.
- Nothing that the other side sends raises. It ends in a queued BYE and a `Closed` event that says whose fault it was.
- Frames stand where the state machine allows them and nowhere else: HELLO → AUTH → ADMISSION → OPEN → CLOSED.
- Feeds have short numbers on the wire, in each direction its own. Nobody above this module sees them.
- What costs us more than the other side is counted: who sends far more of it than a chat has use for is sent away.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import islice
from typing import TypeVar

from app.entry import Run
from app.errors import ProtocolError
from app.frontier import Head
from app.replication import frames
from app.replication.accounts import PATIENCE_BURST, PATIENCE_PER_SECOND, frame_cost
from app.replication.events import (
    Admitted,
    Authenticated,
    Closed,
    Event,
    HavesReceived,
    HeadsReceived,
    RunsReceived,
    Waiting,
    Want,
    WantReceived,
)
from app.replication.frames import ByeReason
from app.replication.handshake import (
    LocalHello,
    RefusedHelloError,
    RemotePeer,
    Role,
    Transcript,
    local_hello,
    meet,
)
from app.replication.numbering import Numbering
from app.replication.patience import Patience

__all__ = ["LocalHello", "RemotePeer", "Role", "Session", "State"]

HANDSHAKE_SECONDS = 10.0
PING_AFTER_SECONDS = 5.0
DEAD_AFTER_SECONDS = 15.0

# Before both have admitted each other there is next to nothing to say: one unit is a read or a frame, about 50 us each.
STRANGERS_BURST, STRANGERS_PER_SECOND = 1_024, 100.0
RUNS_PER_FRAME_BYTES = 65_536  # small enough to be progress on a slow link, large enough for a fast one

_HEADS_PER_FRAME = 1_024  # 56 bytes each
_RUN_OVERHEAD = 128  # hash, signature and numbers of a run
_ENTRY_OVERHEAD = 5

_Item = TypeVar("_Item")


class State(Enum):
    HELLO = "waiting for the other's hello"
    AUTH = "waiting for the other's proof"
    ADMISSION = "authenticated; one of the two has yet to admit the other"
    OPEN = "both admitted"
    CLOSED = "said or heard goodbye"


class Session:
    """See the module. `remote`: the other side, once its hello is here, proved once `Authenticated` was emitted;
    `entries_sent`: how many were written."""

    def __init__(self, role: Role, local: LocalHello, binding: bytes, *, nonce: bytes, now: float) -> None:
        """binding: 32 bytes that name the channel below; nonce: 32 random bytes."""
        self.role = role
        self.state = State.HELLO
        self.remote: RemotePeer | None = None
        self._local = local
        self._binding = binding
        self._hello = frames.encode(local_hello(local, nonce))
        self._transcript: Transcript | None = None
        self._input = bytearray()
        self._output: list[bytes] = []
        self._output_size = 0
        self._pong: int | None = None
        self._waiting_events: list[Event] = []
        self._admitted_remote: bool | None = None
        self._admitted_here: bool | None = None
        self._now = self._last_received = self._last_sent = now
        self._handshake_end = now + HANDSHAKE_SECONDS
        self._ping_sent: float | None = None
        self._pings = 0
        self._own = Numbering()
        self._theirs = Numbering()
        self._introduced = False
        self.entries_sent = 0
        self._wants = 0
        self._patience = Patience(STRANGERS_BURST, STRANGERS_PER_SECOND, now)
        if role is Role.CLIENT:
            self._write(self._hello)

    # The driver's side: bytes and time.

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Bytes from the other side. data: as they come, cut anywhere."""
        events = self._take_waiting(now)
        if self.state is State.CLOSED:
            return events
        if data:
            self._last_received = now
            self._ping_sent = None
        self._input += data
        try:
            if self.state is not State.OPEN:
                self._patience.spend(1, now)
            self._read_frames(events)
        except RefusedHelloError as error:
            self._close_with(error.reason, str(error), events)
        except ProtocolError as error:
            self._close_with(ByeReason.RULE_BROKEN, str(error), events)
        return events

    def receive_eof(self, now: float) -> list[Event]:
        """The other side's bytes have ended."""
        events = self._take_waiting(now)
        if self.state is not State.CLOSED:
            self._drop_all()
            events.append(Closed(None, "the connection was cut", True))
        return events

    def timer(self, now: float) -> list[Event]:
        """To be called when `deadline` has passed; at other times it does nothing."""
        events = self._take_waiting(now)
        if self.state is State.CLOSED:
            return events
        if self.state in (State.HELLO, State.AUTH):
            if now >= self._handshake_end:
                self._close_with(ByeReason.TIMED_OUT, "no answer in time", events)
        elif now >= self._dead_at():
            self._close_with(ByeReason.TIMED_OUT, "nothing heard for too long", events)
        elif now >= self._ping_at():
            self._pings += 1
            self._ping_sent = now if self._ping_sent is None else self._ping_sent
            self._send(frames.Ping(self._pings))
        return events

    def deadline(self) -> float | None:
        """When `timer` is to be called."""
        if self._waiting_events:
            return self._now
        if self.state is State.CLOSED:
            return None
        if self.state in (State.HELLO, State.AUTH):
            return self._handshake_end
        return min(self._ping_at(), self._dead_at())

    def take_output(self) -> bytes:
        """All bytes to be written now. Call it only when the transport takes more: it is what paces `output_size`."""
        if self._pong is not None:
            self._output.append(frames.encode(frames.Pong(self._pong)))
            self._pong = None
        data = b"".join(self._output)
        self._output.clear()
        self._output_size = 0
        return data

    @property
    def output_size(self) -> int:
        """Bytes waiting to be written, about."""
        return self._output_size + (self._pong is not None)

    @property
    def closed(self) -> bool:
        """Nothing comes in any more; what is still in the output (a goodbye) may be written before the end."""
        return self.state is State.CLOSED

    # The owner's side: admission and goodbye.

    def admit(self, admitted: bool) -> None:
        """The owner's decision after `Authenticated`: yes, or not yet. Where it completes the admission, `deadline`
        is at once and `timer` returns `Admitted`."""
        if self.state is not State.ADMISSION or self._admitted_here:
            return
        self._admitted_here = admitted
        self._send(frames.Admit(admitted))
        self._open_if_admitted(self._waiting_events)

    def goodbye(self, reason: ByeReason, text: str = "") -> None:
        """Queue a BYE; the session is closed after it, without an event. text: more than the reason says, or empty."""
        if self.state is not State.CLOSED:
            self._send(frames.Bye(reason, text[: frames.MAX_BYE_BYTES // 4]))
            self.state = State.CLOSED
            self._pong = None  # nothing follows a goodbye
            self._input.clear()
            self._waiting_events.clear()

    # The exchange's side, after admission.

    def count_against(self, patience: Patience, now: float) -> None:
        """After `Admitted`: count what the other side costs there from now on. Raises ProtocolError if it has cost too
        much already."""
        spent, self._patience = self._patience.spent(now), patience
        patience.spend(spent, now)

    def announce(self, heads: Iterable[tuple[bytes, Head]], complete: bool) -> None:
        """Say what is on this disk: heads for feeds not named before in this session, have for the others.

        complete: the first set ends with these, or ended earlier. Feeds beyond what can be numbered are left out.
        """
        if self.state is not State.OPEN:
            return
        new: list[tuple[bytes, Head]] = []
        known: list[tuple[int, Head]] = []
        for feed, head in heads:
            if feed in self._own:
                known.append((self._own.number(feed), head))
            elif not self._own.full:
                self._own.add(feed)
                new.append((feed, head))
        for part in _parts(known, _HEADS_PER_FRAME):
            self._send(frames.Have(tuple(part)))
        introductions = list(_parts(new, _HEADS_PER_FRAME)) or ([[]] if complete and not self._introduced else [])
        self._introduced = self._introduced or complete
        for index, introduced in enumerate(introductions, start=1):
            self._send(frames.Heads(tuple(introduced), complete and index == len(introductions)))

    def want(self, ranges: Sequence[Want]) -> int:
        """Ask for ranges of feeds that the other side has named; the id under which the answer comes."""
        self._wants += 1
        if self.state is State.OPEN:
            numbered = (frames.NumberedRange(self._theirs.number(r.feed), r.low, r.high) for r in ranges)
            self._send(frames.WantFrame(self._wants, tuple(numbered)))
        return self._wants

    def send_runs(self, identifier: int, runs: Sequence[Run], end: bool) -> None:
        """Answer want `identifier`, or push (0). The feeds must have been announced. end: it is all of the answer."""
        if self.state is not State.OPEN:
            return
        batch: list[frames.NumberedRun] = []
        size = 0
        for run in runs:
            self.entries_sent += len(run.entries)
            numbered = frames.NumberedRun(self._own.number(run.feed), run.first, run.before, run.entries, run.signature)
            weight = run.size + len(run.entries) * _ENTRY_OVERHEAD + _RUN_OVERHEAD
            if batch and size + weight > RUNS_PER_FRAME_BYTES:
                self._send(frames.RunsFrame(identifier, tuple(batch), False))
                batch, size = [], 0
            batch.append(numbered)
            size += weight
        if batch or end:
            self._send(frames.RunsFrame(identifier, tuple(batch), end))

    # Inside.

    def _read_frames(self, events: list[Event]) -> None:
        start = 0
        buffer = self._input
        while self.state is not State.CLOSED and len(buffer) - start >= frames.LENGTH_BYTES:
            limit = frames.MAX_FRAME if self._admitted_here else frames.MAX_FRAME_BEFORE_ADMISSION
            body = start + frames.LENGTH_BYTES
            end = body + frames.frame_length(buffer[start:body], limit)
            if end > len(buffer):
                break
            self._read_frame(bytes(buffer[body:end]), events)
            start = end
        del buffer[:start]  # from the front of a bytearray: moves nothing

    def _read_frame(self, body: bytes, events: list[Event]) -> None:
        frame = frames.decode(body)
        self._patience.spend(frame_cost(frame), self._now)
        if isinstance(frame, frames.Bye):
            self._drop_all()
            events.append(Closed(frame.reason, frame.text or frame.reason.sentence, True))
            return
        match self.state, frame:
            case State.HELLO, frames.Hello():
                self._read_hello(frame, body)
            case State.AUTH, frames.Auth():
                self._read_auth(frame, events)
            case State.ADMISSION | State.OPEN, frames.Ping(n):
                self._pong = n  # one is owed at most: whoever sends pings and reads no answers costs no memory
            case State.ADMISSION | State.OPEN, frames.Pong():
                pass  # that something came at all is what counts
            case State.ADMISSION, frames.Admit(admitted):
                self._read_admission(admitted, events)
            case State.OPEN, frames.Heads():
                self._read_heads(frame, events)
            case State.OPEN, frames.Have(heads):
                events.append(HavesReceived(tuple((self._theirs.feed(number), head) for number, head in heads)))
            case State.OPEN, frames.WantFrame(identifier, ranges):
                wants = tuple(Want(self._own.feed(r.number), r.low, r.high) for r in ranges)
                events.append(WantReceived(identifier, wants))
            case State.OPEN, frames.RunsFrame():
                self._read_runs(frame, len(body), events)
            case _:
                raise ProtocolError(f"a {type(frame).__name__.lower()} frame where none is allowed")

    def _read_hello(self, hello: frames.Hello, body: bytes) -> None:
        self.remote = meet(self._local, hello)
        own = self._hello[frames.LENGTH_BYTES :]
        self.state = State.AUTH
        if self.role is Role.CLIENT:
            self._transcript = Transcript(own, body, self._binding)
            self._send(frames.Auth(self._transcript.sign(self._local.identity, self.role)))
        else:
            self._transcript = Transcript(body, own, self._binding)
            self._write(self._hello)

    def _read_auth(self, auth: frames.Auth, events: list[Event]) -> None:
        if self._transcript is None or self.remote is None:
            raise ProtocolError("a proof before a hello")
        if not self._transcript.is_signed_by(self.remote.key, self.role.other, auth.signature):
            raise ProtocolError("the other side could not prove who it is; somebody may be in the middle")
        if self.role is Role.SERVER:
            self._send(frames.Auth(self._transcript.sign(self._local.identity, self.role)))
        self.state = State.ADMISSION
        events.append(Authenticated(self.remote))

    def _read_admission(self, admitted: bool, events: list[Event]) -> None:
        if self._admitted_remote is not None and (self._admitted_remote or not admitted):
            raise ProtocolError("an admission that changes nothing")
        self._admitted_remote = admitted
        if not admitted:
            events.append(Waiting())
        self._open_if_admitted(events)

    def _open_if_admitted(self, events: list[Event]) -> None:
        if self._admitted_here and self._admitted_remote and self.state is State.ADMISSION:
            self.state = State.OPEN
            self._patience = Patience(PATIENCE_BURST, PATIENCE_PER_SECOND, self._now)
            events.append(Admitted())

    def _read_heads(self, frame: frames.Heads, events: list[Event]) -> None:
        for feed, _ in frame.heads:
            self._theirs.add(feed)
        events.append(HeadsReceived(frame.heads, frame.complete))

    def _read_runs(self, frame: frames.RunsFrame, size: int, events: list[Event]) -> None:
        if frame.id > self._wants:
            raise ProtocolError("an answer to what was not asked")
        runs = tuple(
            Run(self._theirs.feed(run.number), run.first, run.before, run.entries, run.signature) for run in frame.runs
        )
        events.append(RunsReceived(frame.id, runs, frame.end, size))

    def _ping_at(self) -> float:
        # After a silence of either direction: what we send keeps the other from taking a long answer of theirs,
        # to which we have nothing to say, for a dead line. With bytes waiting, a ping would only wait behind them.
        received = self._last_received if self._ping_sent is None else math.inf
        sent = self._last_sent if self._output_size == 0 else math.inf
        return min(received, sent) + PING_AFTER_SECONDS

    def _dead_at(self) -> float:
        # Never without having asked: a program that was itself stopped for a while would else drop everybody.
        if self._ping_sent is None:
            return math.inf
        return max(self._last_received, self._ping_sent - PING_AFTER_SECONDS) + DEAD_AFTER_SECONDS

    def _send(self, frame: frames.Frame) -> None:
        self._write(frames.encode(frame))

    def _write(self, data: bytes) -> None:
        self._output.append(data)
        self._output_size += len(data)
        self._last_sent = self._now

    def _take_waiting(self, now: float) -> list[Event]:
        self._now = now
        events = self._waiting_events
        self._waiting_events = []
        return events

    def _close_with(self, reason: ByeReason, text: str, events: list[Event]) -> None:
        self.goodbye(reason, text)
        events.append(Closed(reason, text, False))

    def _drop_all(self) -> None:
        """Closed from the other side: there is nobody left to write to."""
        self.state = State.CLOSED
        self._input.clear()
        self._output.clear()
        self._output_size = 0
        self._pong = None


def _parts(items: list[_Item], size: int) -> Iterable[list[_Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
