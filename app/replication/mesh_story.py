"""What becomes of one connection, told in the log: from the first packet to why it ended, under one number.

Names, addresses, counts and reasons are in it; never what somebody wrote, and nothing secret.
"""

from __future__ import annotations

import logging

from msgspec import Struct

from app.identity import fingerprint, grouped
from app.replication.exchange_events import Behind, Level
from app.replication.handshake import RemotePeer
from app.replication.mesh_dialler import in_words
from app.replication.mesh_events import Admission, Verdict
from app.replication.roster import Dial
from app.replication.transport import Connection

_LOG = logging.getLogger(__name__)


class Story(Struct):
    """label: the connection's number in this run of the program, and whose it is; began: in the loop's time."""

    label: str
    began: float
    received: int = 0  # entries
    _level: bool = False
    _over: bool = False

    def begins(self, dial: Dial | None) -> None:
        """dial: None when the other side began it."""
        if dial is None:
            _LOG.debug("%s: somebody connects", self.label)
        else:
            self.label += f" to {dial.name}"
            _LOG.debug("%s: dialling %s", self.label, dial.address)

    def failed(self, error: OSError) -> None:
        """error: its traceback is dropped, which would hold what asyncio made for the connection."""
        error.__traceback__ = None
        self._over = True
        _LOG.debug("%s: came to nothing: %s", self.label, in_words(error))

    def secured(self, connection: Connection) -> None:
        _LOG.debug("%s: TLS between %s and %s", self.label, connection.own_ip, connection.where)

    def authenticated(self, remote: RemotePeer, connection: Connection) -> None:
        key = grouped(fingerprint(remote.key))
        _LOG.info("%s: authenticated as %s at %s, key %s", self.label, remote.name, connection.where, key)
        self.label = f"{self.label.partition(' to ')[0]} to {remote.name}"

    def judged(self, admission: Admission) -> None:
        match admission.verdict:
            case Verdict.ADMIT:
                said = "is let in"
            case Verdict.KNOCK:
                said = f"waits for a decision here: {admission.detail}"
            case Verdict.REFUSE:
                said = f"is refused: {admission.detail or admission.reason.sentence}"
        _LOG.info("%s: %s", self.label, said)

    def waiting(self) -> None:
        _LOG.info("%s: waits for a decision there", self.label)

    def opened(self) -> None:
        _LOG.info("%s: both let each other in", self.label)

    def progressed(self, event: Level | Behind) -> None:
        if isinstance(event, Behind):
            _LOG.debug("%s: %d entries to get, %d to give", self.label, event.here, event.there)
            return
        log = _LOG.debug if self._level else _LOG.info  # the first time is news, the others follow each message
        self._level = True
        counts = self.received, event.session.entries_sent
        log("%s: level, %d entries received and %d sent", self.label, *counts)

    def ended(self, connection: Connection, why: str, now: float) -> None:
        """Told once: what follows the end is its consequence."""
        if self._over:
            return
        self._over = True
        session = connection.session
        _LOG.log(
            logging.DEBUG if session is None or session.remote is None else logging.INFO,
            "%s: ended after %.1f s: %s; received %d entries in %d bytes, sent %d in %d",
            self.label,
            now - self.began,
            why,
            self.received,
            connection.bytes_in,
            0 if session is None else session.entries_sent,
            connection.bytes_out,
        )
