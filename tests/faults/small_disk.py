"""A disk of a chosen size in memory, seen only by what is started on it: a tmpfs in a mount namespace of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.faults.shim import NotAvailableError

_ROOT = os.geteuid() == 0


class SmallDisk:
    def __init__(self, place: Path, *, kib: int, files: int = 0) -> None:
        """place: an empty folder; files: how many there may be, folders too, 0 for any number. Raises NotAvailableError
        where there can be no such disk."""
        self._place = place
        limit = f",nr_inodes={files}" if files else ""
        script = f'mount -t tmpfs -o size={kib}k{limit},mode=700 none "$0" && echo ready && exec cat'
        self._holder = subprocess.Popen(
            ["unshare", "-m" if _ROOT else "-rm", "sh", "-c", script, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout
        if self._holder.stdout.readline() != "ready\n":
            _, errors = self._holder.communicate()
            raise NotAvailableError(f"no disk in memory: {errors.strip()}")

    @property
    def prefix(self) -> list[str]:
        """What to put before a command that is to see the disk."""
        entered = ["-m"] if _ROOT else ["-m", "-U", "--preserve-credentials"]
        return ["nsenter", *entered, "-t", str(self._holder.pid), f"--wd={os.getcwd()}"]  # noqa: PTH109

    def remount(self, options: str) -> None:
        """For example `size=8m`, or `ro` while nothing there is open for writing."""
        command = [*self.prefix, "mount", "-o", f"remount,{options}", str(self._place)]
        subprocess.run(command, check=True, capture_output=True)

    def close(self) -> None:
        self._holder.communicate()
