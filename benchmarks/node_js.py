"""The references: programs in JavaScript that others would use, installed by npm and driven over their public API.

They are installed beside our harness (benchmarks/references/node_modules, which git ignores), at the versions in its
package.json, when a benchmark needs them first. Without Node or npm the benchmarks run without them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.children import Child

HARNESS = Path(__file__).parent / "references"


def install() -> Path | None:
    """The folder with the references installed; None if this computer cannot run them."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    if not _is_installed():
        # Their install scripts would only compile what they bring along compiled.
        words = ["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(words, cwd=HARNESS, check=False).returncode:
            return None
    return HARNESS


def versions() -> str:
    """What is compared with, in words."""
    wanted = _wanted()
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    named = ", ".join(f"{name} {wanted[name]}" for name in ("scuttleup", "level", "hypercore"))
    return f"{named}, Node {node.removeprefix('v')}"


def scuttleup(harness: Path, folder: Path, name: str, *, sync: bool = False) -> Child:
    """sync: with an fsync for each batch that is written."""
    return Child(["node", str(harness / "scuttleup.js"), str(folder), name, *(["sync"] if sync else [])])


def hypercore(harness: Path, folder: Path) -> Child:
    return Child(["node", str(harness / "hypercore.js"), str(folder)])


def _wanted() -> dict[str, str]:
    wanted: dict[str, str] = json.loads((HARNESS / "package.json").read_text())["dependencies"]
    return wanted


def _is_installed() -> bool:
    for name, version in _wanted().items():
        package = HARNESS / "node_modules" / name / "package.json"
        if not package.exists() or json.loads(package.read_text())["version"] != version:
            return False
    return True
