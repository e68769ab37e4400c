"""Counts what sessions say and hear, before TLS, in a process that measures.

The count is taken at the seam between session and stream, so that everything is in it: handshakes, heads,
acknowledgements, pings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.replication import transport
from app.replication.events import Event, RunsReceived
from app.replication.handshake import LocalHello, Role
from app.replication.session import Session


@dataclass(slots=True)
class Count:
    """Of all sessions of this process. sent: bytes; received: entries, however often; began: when TLS began, each."""

    sent: int = 0
    received: int = 0
    began: list[float] = field(default_factory=list)


COUNT = Count()


class _CountedSession(Session):
    def __init__(self, role: Role, local: LocalHello, binding: bytes, *, nonce: bytes, now: float) -> None:
        COUNT.began.append(now)
        super().__init__(role, local, binding, nonce=nonce, now=now)

    def receive(self, data: bytes, now: float) -> list[Event]:
        events = super().receive(data, now)
        for event in events:
            if isinstance(event, RunsReceived):
                COUNT.received += sum(len(run.entries) for run in event.runs)
        return events

    def take_output(self) -> bytes:
        data = super().take_output()
        COUNT.sent += len(data)
        return data


def count_sessions() -> None:
    """To be called before any connection is made."""
    transport.Session = _CountedSession  # type: ignore[attr-defined]
