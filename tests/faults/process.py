"""What a process takes of the computer, as /proc tells it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Taken:
    """memory: KiB of its own that are resident, without pages of files that are mapped, which the system takes back as
    it likes; descriptors, threads: how many."""

    memory: int
    descriptors: int
    threads: int


def taken_by(process: int) -> Taken:
    status = Path(f"/proc/{process}/status").read_text()
    sizes = re.findall(r"^(?:RssAnon|Threads):\s+(\d+)", status, re.MULTILINE)
    return Taken(int(sizes[0]), len(os.listdir(f"/proc/{process}/fd")), int(sizes[1]))  # noqa: PTH208
