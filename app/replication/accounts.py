"""What each peer has cost, by its key: who comes again goes on where it was, so that coming again buys nothing.

- One unit of patience is about 10 us, in which we take in what cost the other side nothing to send.
- One unit of work is an entry that is read for the peer, or 256 bytes, about 0.5 us each. Too much of it is not wrong
  but done later, and everything that is here may be asked for a few times before it counts.
"""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

from app.replication import frames
from app.replication.patience import Pace, Patience

# The bursts are twice what a first meeting with all feeds takes, and what a long absence does; both rates together
# come to less than a twentieth of a core.
PATIENCE_BURST, PATIENCE_PER_SECOND = 131_072, 2_048.0
WORK_BURST, WORK_PER_SECOND = 2_097_152, 32_768.0
WHOLE_COPIES = 4  # at full speed: for new devices of the same author, and databases begun anew
_ENTRIES_A_UNIT, _BYTES_A_UNIT = 8, 65_536  # of a push: taken apart, and folded if a new one comes after them
_RANGE_UNITS = 4  # without what is read for it (see `serving`)
MAX_ACCOUNTS = 1_024  # about 400 bytes each; more keys than that are let in nowhere but with --open


class Account(Struct):
    """given: entries that were sent without counting as work."""

    patience: Patience
    work: Pace
    given: int = 0

    def pay_for_entries(self, entries: int, size: int, held: int, now: float) -> None:
        """They were sent, so many of so many bytes, where `held` are here in all."""
        if self.given + entries <= WHOLE_COPIES * held:
            self.given += entries
        else:
            self.work.pay(entries + size // 256, now)

    def pay_for_useless(self, entries: int, size: int, now: float) -> None:
        """So many entries of a push of so many bytes are not taken. Some cross others on their way; who says the same
        again and again costs us their reading, and signs nothing for it. Raises ProtocolError if it is too much."""
        if entries:
            self.patience.spend(entries // _ENTRIES_A_UNIT + size // _BYTES_A_UNIT, now)


class Accounts:
    def __init__(self) -> None:
        self._accounts: OrderedDict[bytes, Account] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accounts)

    def of(self, key: bytes, now: float) -> Account:
        account = self._accounts.pop(key, None)
        if account is None:
            patience = Patience(PATIENCE_BURST, PATIENCE_PER_SECOND, now)
            account = Account(patience, Pace(WORK_BURST, WORK_PER_SECOND, now))
        self._accounts[key] = account
        while len(self._accounts) > MAX_ACCOUNTS:
            self._accounts.popitem(last=False)
        return account


def frame_cost(frame: frames.Frame) -> int:
    """Units of patience, once the peer is let in: one for the frame and each item in it. Entries are paid for by what
    asked for them."""
    match frame:
        case frames.Heads(items) | frames.Have(items):
            return 1 + len(items)
        case frames.WantFrame(_, ranges):
            return 1 + _RANGE_UNITS * len(ranges)
        case frames.RunsFrame(identifier, runs, end) if identifier and (runs or end):
            return 0  # an answer; what was not asked for is refused, and one want has one end
    return 1
