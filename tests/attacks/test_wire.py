"""Everything that goes over the wire between two computers, recorded: what somebody on the same Wi-Fi can read."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.network.chat_process import PATIENCE, ChatProcess
from tests.network.hosts import Network
from tests.network.lan import lan

__all__ = ["lan"]

ALICE, BOB, CAROL = "wolframina", "kunigunde", "theophanu"
TEXTS = ["what was said before", "good evening in secret", "a quiet answer"]
MDNS, TCP, UDP = 5353, 6, 17

_RECORD = """
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
wire.bind((sys.argv[1], 0))
print("ready", flush=True)
while True:
    frame = wire.recv(65536)
    sys.stdout.buffer.write(len(frame).to_bytes(4, "big") + frame)
    sys.stdout.buffer.flush()
"""


@contextmanager
def recording(lan: Network, port: str, into: Path) -> Iterator[None]:
    """Every frame that passes a port of the switch."""
    with into.open("wb") as file:
        recorder = subprocess.Popen(lan.command([sys.executable, "-c", _RECORD, port]), stdout=file)
        try:
            _wait_for(lambda: into.read_bytes().startswith(b"ready\n"))
            yield
        finally:
            recorder.terminate()
            recorder.wait()


def _wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def frames(recorded: bytes) -> Iterator[bytes]:
    data = recorded.removeprefix(b"ready\n")
    while len(data) >= 4:
        end = 4 + int.from_bytes(data[:4])
        yield data[4:end]
        data = data[end:]


def protocol_and_ports(frame: bytes) -> tuple[int, set[int]]:
    """Of IPv4 and of IPv6 without extension headers; (0, none) for others."""
    match frame[12:14]:
        case b"\x08\x00":
            protocol, start = frame[23], 14 + (frame[14] & 15) * 4
        case b"\x86\xdd":
            protocol, start = frame[20], 54
        case _:
            return 0, set()
    return protocol, {int.from_bytes(frame[start : start + 2]), int.from_bytes(frame[start + 2 : start + 4])}


def test_a_recording_of_the_wire_has_no_word_and_no_name_that_is_not_announced(lan: Network, tmp_path: Path) -> None:
    hosts = {name: lan.host(number) for number, name in enumerate((ALICE, BOB, CAROL), start=1)}
    record = tmp_path / "record"
    with ChatProcess(hosts[ALICE], tmp_path / "a", ALICE, [BOB, CAROL]) as alice:
        with ChatProcess(hosts[CAROL], tmp_path / "c", CAROL, [ALICE]) as carol:
            carol.say(TEXTS[0])
            alice.wait_for_text(TEXTS[0])
        alice.say(TEXTS[1])
        with recording(lan, "port2", record), ChatProcess(hosts[BOB], tmp_path / "b", BOB, [ALICE]) as bob:
            bob.wait_for_text(TEXTS[1])
            bob.wait_for_text(TEXTS[0])  # by carol, passed on
            bob.say(TEXTS[2])
            alice.wait_for_text(TEXTS[2])
            _wait_for(lambda: BOB.encode() in record.read_bytes())  # he announces himself
    everything = list(frames(record.read_bytes()))
    announced = [frame for frame in everything if MDNS in protocol_and_ports(frame)[1]]
    rest = [frame for frame in everything if MDNS not in protocol_and_ports(frame)[1]]
    assert any(protocol_and_ports(frame)[0] == TCP for frame in rest)
    assert any(protocol_and_ports(frame)[0] == UDP and BOB.encode() in frame for frame in announced)
    assert any(ALICE.encode() in frame for frame in announced)
    for word in (ALICE, BOB, CAROL, *TEXTS, "main"):
        assert not any(word.encode() in frame for frame in rest), word
    for word in (CAROL, *TEXTS):
        assert not any(word.encode() in frame for frame in announced), word
