"""A local network of hosts on one computer: network namespaces, joined by a bridge in a namespace of its own.

Nothing touches the computer's own interfaces, and nothing stays behind: a namespace lives as long as the process that
holds it. As root, or where a user may make namespaces.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent.parent
SUBNET = "10.77.0"
_AS_ROOT = os.geteuid() == 0
_ENTER = ["nsenter", "-n"] if _AS_ROOT else ["nsenter", "-n", "-U", "--preserve-credentials"]


class NotPermittedError(Exception):
    """This computer does not let us make networks. The text is the reason."""


class Namespace:
    """A network namespace, held by a process that waits for its stdin to end."""

    def __init__(self, stack: ExitStack, inside: Namespace | None = None) -> None:
        unshare = ["unshare", "-n"] if _AS_ROOT or inside is not None else ["unshare", "-rn"]
        # `echo` says that the namespace is there; `exec` keeps the process id.
        hold = [*unshare, "sh", "-c", "echo ready; exec cat"]
        command = hold if inside is None else inside.command(hold)
        self._holder = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        stack.callback(self._release)
        output = self._holder.stdout
        if output is None or output.readline() != "ready\n":
            errors = self._holder.stderr
            raise NotPermittedError("" if errors is None else errors.read().strip())

    @property
    def pid(self) -> int:
        return self._holder.pid

    def command(self, command: Sequence[str]) -> list[str]:
        """The same command, inside."""
        return [*_ENTER, "-t", str(self.pid), *command]

    def ip(self, command: str) -> None:
        finished = subprocess.run(self.command(["ip", *command.split()]), capture_output=True, text=True, check=False)
        if finished.returncode:
            raise NotPermittedError(f"ip {command}: {finished.stderr.strip()}")

    def _release(self) -> None:
        self._holder.communicate()


class Host:
    """A computer. Everything on it is down at first, loopback too."""

    def __init__(self, stack: ExitStack, switch: Namespace) -> None:
        self.address = ""
        self._switch = switch
        self._space = Namespace(stack, inside=switch)

    def bring_up_loopback(self) -> None:
        self._space.ip("link set lo up")

    def connect(self, number: int, *, ipv4: bool = True) -> None:
        """Join the bridge. number: 1-250, the last part of its address, which is link-local IPv6 only without ipv4."""
        self._port = f"port{number}"
        self._switch.ip(f"link add {self._port} type veth peer name eth0 netns {self._space.pid}")
        self._switch.ip(f"link set {self._port} master bridge up")
        self._space.ip("link set eth0 up")
        if ipv4:
            self.move_to(number)

    @property
    def pid(self) -> int:
        """A process whose network is the host's."""
        return self._space.pid

    def add_interface(self, interface: str, number: int, subnet: str | None = None) -> None:
        """Bring up one that was put here, with an address. subnet: of three parts, None for the usual one."""
        self._space.ip(f"link set {interface} up")
        if subnet is None:
            self.move_to(number)
        else:
            self._space.ip(f"addr add {subnet}.{number}/24 dev {interface}")

    def move_to(self, number: int) -> None:
        """Take another address, as after a new DHCP lease."""
        if self.address:
            self._space.ip(f"addr del {self.address}/24 dev eth0")
        self.address = f"{SUBNET}.{number}"
        self._space.ip(f"addr add {self.address}/24 dev eth0")

    def command(self, command: Sequence[str]) -> list[str]:
        """The same command on this computer."""
        return self._space.command(command)

    def pull_cable(self) -> None:
        self._switch.ip(f"link set {self._port} down")

    def plug_in(self) -> None:
        self._switch.ip(f"link set {self._port} up")

    def start(self, arguments: Sequence[str], *, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """chat-tui with these arguments on this computer."""
        return subprocess.Popen(
            self._space.command([sys.executable, "-m", "app", *arguments]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
        )


class Network:
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        try:
            self._switch = Namespace(stack)
        except FileNotFoundError as error:
            raise NotPermittedError(f"{error.filename} is not installed") from error
        self._switch.ip("link add bridge type bridge mcast_snooping 0")
        self._switch.ip("link set bridge up")

    def host(self, number: int, *, ipv4: bool = True) -> Host:
        """A host on the bridge."""
        host = self.lonely_host()
        host.bring_up_loopback()
        host.connect(number, ipv4=ipv4)
        return host

    def lonely_host(self) -> Host:
        return Host(self._stack, self._switch)

    def command(self, command: Sequence[str]) -> list[str]:
        """The same command on the switch, where host n is at interface `portN`."""
        return self._switch.command(command)


@contextmanager
def network() -> Iterator[Network]:
    """An empty network. Raises NotPermittedError with the reason where none can be made."""
    with ExitStack() as stack:
        yield Network(stack)
