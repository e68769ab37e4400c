"""A long run: `python -m tests.fuzz --seconds 3600`, guided by coverage where atheris is installed.

What makes a target raise is written to the folder `fuzz-findings`: with its fix it belongs into the corpus.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random

from tests.fuzz.mutations import CORPUS, MAX_INPUT, corpus, mutated

FINDINGS = Path("fuzz-findings")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--seed", type=int, default=None, help="of the changes, without atheris")
    parser.add_argument("--guided", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.guided:
        _guided(options.guided, options.seconds)
    targets = sorted(path.name for path in CORPUS.iterdir())
    FINDINGS.mkdir(exist_ok=True)
    seconds = max(1, options.seconds // len(targets))
    if find_spec("atheris") is not None:
        command = [sys.executable, "-m", "tests.fuzz", "--seconds", str(seconds), "--guided"]
        return max([subprocess.run([*command, target], check=False).returncode for target in targets])
    seed = Random().randrange(2**32) if options.seed is None else options.seed
    sys.stderr.write(f"atheris is not installed: changes with seed {seed}\n")
    return max([_unguided(target, seconds, seed) for target in targets])


def _guided(target: str, seconds: int) -> None:
    """Does not return: atheris ends the process."""
    import atheris

    with atheris.instrument_imports(include=["app"]):
        from tests.fuzz.targets import TARGETS

    with tempfile.TemporaryDirectory() as grown:
        limits = [f"-max_total_time={seconds}", f"-max_len={MAX_INPUT}", "-timeout=10", "-rss_limit_mb=1024"]
        where = [f"-artifact_prefix={FINDINGS}/{target}-", grown, str(CORPUS / target)]
        atheris.Setup([sys.argv[0], *limits, *where], TARGETS[target])
        atheris.Fuzz()


def _unguided(target: str, seconds: int, seed: int) -> int:
    from tests.fuzz.targets import TARGETS

    end = time.monotonic() + seconds
    for data in mutated(corpus(target), Random(seed)):
        try:
            TARGETS[target](data)
        except Exception:
            (FINDINGS / f"{target}-{seed}").write_bytes(data)
            raise
        if time.monotonic() > end:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
