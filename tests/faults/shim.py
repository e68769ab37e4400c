"""The library that stands between a program and its disk and clock: compiled once, told what to do while it runs."""

from __future__ import annotations

import errno
import functools
import mmap
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
_CONTROL = struct.Struct("=qqq")


class NotAvailableError(Exception):
    """This computer cannot do it. The text is the reason."""


@functools.cache
def library() -> Path:
    """Compiled for this run; it goes with the temporary folder. Raises NotAvailableError."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NotAvailableError("there is no C compiler")
    built = Path(tempfile.mkdtemp(prefix="chat-tui-shim-")) / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(built), str(SOURCE), "-ldl"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise NotAvailableError(f"the shim does not compile: {finished.stderr}")
    return built


class Shim:
    """What one program has below it. folder: where its files are; base: where journal and control are put."""

    def __init__(self, folder: Path, base: Path) -> None:
        self._folder = folder
        self.journal = base / "journal"
        self._path = base / "control"
        self._path.write_bytes(bytes(4096))
        with self._path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 4096)

    def environment(self, *, journal: bool = False) -> dict[str, str]:
        """What to start the program with."""
        chosen = {
            "LD_PRELOAD": str(library()),
            "FAULTS_FOLDER": str(self._folder),
            "FAULTS_CONTROL": str(self._path),
        }
        return {**chosen, "FAULTS_JOURNAL": str(self.journal)} if journal else chosen

    def set(self, *, write: int = 0, sync: int = 0, ahead: int = 0) -> None:
        """From now on. write, sync: an errno with which such calls fail, 0 for none; ahead: seconds, of the clock."""
        self._map[: _CONTROL.size] = _CONTROL.pack(write, sync, ahead)

    def close(self) -> None:
        self._map.close()


NAMES = {errno.EIO: "EIO", errno.ENOSPC: "ENOSPC", errno.EROFS: "EROFS", errno.EDQUOT: "EDQUOT"}
