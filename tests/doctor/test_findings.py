from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from app.doctor.findings import Finding, Grade, Probe, bad, examine, ok, warn
from app.errors import StorageError


def test_a_probe_that_hangs_is_one_bad_line_beside_what_it_found_before() -> None:
    released = threading.Event()

    def hang() -> Iterator[Finding]:
        yield ok("disk", "there")
        released.wait()

    found = list(examine([Probe("disk", 0.2, hang), Probe("clock", 5.0, lambda: [ok("clock", "right")])]))
    released.set()
    assert found == [ok("disk", "there"), bad("disk", "no answer within 0.2 seconds"), ok("clock", "right")]


def test_a_probe_that_breaks_is_told_and_keeps_nothing_from_the_others() -> None:
    def fail() -> Iterator[Finding]:
        raise StorageError("it is cut short")

    def break_down() -> Iterator[Finding]:
        raise ValueError("seven")

    found = list(examine([Probe("one", 5.0, fail), Probe("two", 5.0, break_down), Probe("three", 5.0, lambda: [])]))
    assert found == [bad("one", "it is cut short"), bad("two", "could not be looked at (ValueError: seven)")]


def test_a_line_says_what_to_do_and_is_harmless() -> None:
    assert warn("port", "taken by \x1b[2J", "take another").line == "warn  port: taken by \ufffd[2J: take another"
    assert ok("port", "free").line == "ok    port: free"


def test_json_has_the_same_in_fields() -> None:
    assert json.loads(bad("port", "taken", "take another").json) == {
        "type": "finding",
        "area": "port",
        "grade": Grade.BAD.value,
        "text": "taken",
        "advice": "take another",
    }
