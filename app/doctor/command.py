"""`chat-tui doctor ME [PEER ...]`: which probes there are, and what becomes of what they find."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from app.config import LineFormat, Options, room_folder, user_folder
from app.doctor import clock, database, disk, files, firewall, network, peers, terminal
from app.doctor.findings import Finding, Grade, Probe, examine
from app.errors import StorageError
from app.identity import fingerprint
from app.names import name_key, preferred_port
from app.storage.folder import lock_holder
from app.storage.glance import glance

QUICK, SLOW = 4.0, 9.0  # seconds for a probe of this computer, and of the network: ten in all


def run(options: Options, say: Callable[[str], object]) -> int:
    """The exit status: 1 if anything is bad."""
    probes = _probes(options)
    worst = 0
    for finding in examine(probes):
        say(finding.json if options.output is LineFormat.JSON else finding.line)
        worst |= finding.grade is Grade.BAD
    return worst


def _probes(options: Options) -> list[Probe]:
    try:
        user = user_folder(options.data_dir, options.me)
        room = room_folder(user, options.room)
    except PermissionError:  # which has a line of its own
        user = options.data_dir / options.me
        room = user / "rooms" / options.room
    around = network.surroundings(options, lock_holder(room))
    port = preferred_port(options.me, options.room) if options.port is None else options.port

    def look_for_peers() -> Iterator[Finding]:
        try:
            pins = {name_key(peer.name): fingerprint(peer.key) for peer in glance(room).peers if peer.pinned_at}
        except StorageError:
            pins = {}  # the database has a line of its own
        return peers.look(around, pins)

    return [
        Probe("interfaces", QUICK, lambda: network.interfaces(around)),
        Probe("multicast", SLOW, lambda: network.multicast(around)),
        Probe("port", QUICK, lambda: network.own_port(around)),
        Probe("peers", SLOW, look_for_peers),
        Probe("firewall", SLOW, lambda: firewall.look(port)),
        Probe("clock", QUICK, clock.look),
        Probe("disk", SLOW, lambda: disk.look(user)),
        Probe("permissions", QUICK, lambda: files.look(user)),
        Probe("database", QUICK, lambda: database.look(user)),
        Probe("terminal", QUICK, lambda: terminal.look(os.environ, terminal.present_size())),
    ]
