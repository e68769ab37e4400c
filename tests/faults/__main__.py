"""`python -m tests.faults NAME [--times N] [--from K]`: real faults on real processes, as often as asked for.

Prints what went wrong, and at the end how often it was tried and how long that took. Exit status 1 if anything did.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from tests.faults.shim import NotAvailableError

# What is tried once: the name is a module here, with `run(times, first, say)`, which answers how often it went wrong.
FAULTS = {
    "chaos": "three people who are killed, stopped and started while their disks fail",
    "descriptors": "no file descriptors left, because strangers hold them all",
    "disk_errors": "a disk that fails for a while: EIO, full, over quota, read-only; at writes or at syncs",
    "disk_full": "a disk that is full at each step of the first start, or while people write (46 steps)",
    "kills": "kill -9 on either side of a transfer, one to five times",
    "networks": "loss, delay, 64 kbit/s, doubled frames, one-way links, no multicast, … (12 stories)",
    "power_loss": "a power cut at any moment: only what was synced is sure to be left",
    "service": "the unit in contrib/, started, killed, hung and ended by a real systemd (95 s)",
    "sleeping": "a day of a laptop that sleeps 24 times for an hour",
    "soak": "a minute of two that write without a pause: memory, descriptors and threads stay as they are",
    "starts": "kill -9 at any moment of a start, five times, the first one too",
    "stopped": "a peer that is stopped for 20 s, 2 s, 1 min or 3 min",
    "visits": "1,000 connections that come and go, with and without TLS and a hello",
}


def main() -> int:
    names = "\n".join(f"  {name:<14} {what}" for name, what in FAULTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", epilog=names, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(FAULTS), metavar="NAME")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    arguments = parser.parse_args()
    start = time.monotonic()
    try:
        module = importlib.import_module(f"tests.faults.{arguments.name}")
        failed: int = module.run(arguments.times, arguments.first, _say)
    except NotAvailableError as error:
        _say(f"not tried: {error}")
        return 2
    _say(f"{arguments.name}: tried {arguments.times:,} times in {time.monotonic() - start:.0f} s, {failed} went wrong")
    return 1 if failed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
