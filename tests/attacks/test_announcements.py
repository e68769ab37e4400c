"""Multicast DNS flooded with instances that nobody asked for: the chat goes on, and memory stays bounded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.network.chat_process import ChatProcess
from tests.network.hosts import Network
from tests.network.lan import lan

__all__ = ["lan"]

GROWTH = 64 * 1024 * 1024  # bytes; zeroconf keeps 10,000 records

_FLOOD = """
import os, socket, struct, sys, time
def name(text):
    return b"".join(bytes([len(part)]) + part for part in text.split(b".") if part) + b"\\0"
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
service = name(b"_chat-tui._tcp.local")
end = time.monotonic() + 4
while time.monotonic() < end:
    answers = b""
    for _ in range(20):
        instance = name(os.urandom(12).hex().encode() + b"._chat-tui._tcp.local")
        answers += service + struct.pack(">HHIH", 12, 1, 2**31 - 1, len(instance)) + instance
    out.sendto(struct.pack(">HHHHHH", 0, 0x8400, 0, 20, 0, 0) + answers, ("224.0.0.251", 5353))
    time.sleep(0.001)
"""


def resident(chat: ChatProcess) -> int:
    fields = Path(f"/proc/{chat.pid}/statm").read_text().split()
    return int(fields[1]) * 4096


def test_a_flood_of_announcements_neither_stops_the_chat_nor_fills_memory(lan: Network, tmp_path: Path) -> None:
    hosts = {name: lan.host(number) for number, name in enumerate(("alice", "bob", "mallory"), start=1)}
    with (
        ChatProcess(hosts["alice"], tmp_path / "a", "alice", ["bob"]) as alice,
        ChatProcess(hosts["bob"], tmp_path / "b", "bob", ["alice"]) as bob,
    ):
        bob.say("before")
        alice.wait_for_text("before")
        before = resident(alice)
        flood = subprocess.Popen(hosts["mallory"].command([sys.executable, "-c", _FLOOD, hosts["mallory"].address]))
        bob.say("meanwhile")
        assert alice.wait_for_text("meanwhile") < 2.0
        assert flood.wait() == 0
        bob.say("afterwards")
        assert alice.wait_for_text("afterwards") < 5.0
        grown = resident(alice) - before
        assert 0 <= grown < GROWTH
