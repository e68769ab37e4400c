"""No file descriptors left, because strangers hold them all: it goes on writing, and takes up when there are some."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

from app.names import preferred_port
from tests.end_to_end.terminal import Household
from tests.faults.process import taken_by
from tests.faults.tries import Say, count_failures

LIMIT = 30  # descriptors; a chat that nobody visits has 16
VISITORS = 60


def run_out(base: Path) -> None:
    """Raises AssertionError."""
    household = Household(base)
    alice, bob = household.name("alice"), household.name("bob")
    try:
        household.prefix = ["sh", "-c", f'ulimit -n {LIMIT}; exec "$@"', "sh"]
        at_alice = household.lines(alice, bob, "--debug", "--log-file", str(base / "log"))
        household.prefix = []
        at_alice.type("before")
        at_alice.wait_for(f"{alice}> before")
        at_bob = household.lines(bob, alice)  # it listens when they have met
        at_bob.wait_for(f"{alice}> before")
        assert at_bob.end() == 0
        with ExitStack() as visitors:
            for _ in range(VISITORS):
                visitors.enter_context(_visitor(preferred_port(alice)))
                at_alice.type("while strangers come")
            assert taken_by(at_alice.process.pid).descriptors <= LIMIT
            at_alice.wait_until(1 + VISITORS)
        at_bob = household.lines(bob, alice)
        at_bob.wait_until(1 + VISITORS)
        at_bob.type("here I am")
        at_alice.wait_for(f"{bob}> here I am")
        assert (at_alice.end(), at_bob.end()) == (0, 0)
        assert household.check(alice).returncode == 0
        assert "Traceback" not in (base / "log").read_text()
    finally:
        household.close()


def _visitor(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5.0)


def run(times: int, first: int, say: Say) -> int:
    return count_failures(times, first, say, lambda base, _: run_out(base))
