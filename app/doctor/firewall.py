"""Whether something on this computer may keep others out. It is only looked at; most of it tells root alone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from app.doctor.findings import Finding, ok, warn

ASKING = 2.0  # seconds for each tool
_AREA = "firewall"


def look(port: int, root: Path = Path("/")) -> Iterator[Finding]:
    """port: the one that is listened at."""
    found = [finding for finding in (_ufw(port, root), _firewalld(port, root), _macos()) if finding]
    found += [finding for finding in (_nft(port), _iptables(port)) if finding] if not found else []
    yield from found or [ok(_AREA, "none was seen on this computer")]


def _ufw(port: int, root: Path) -> Finding | None:
    try:
        enabled = re.search(r"^ENABLED=yes", (root / "etc/ufw/ufw.conf").read_text(), re.MULTILINE)
    except OSError:
        return None
    return _may_block("ufw", f"sudo ufw allow {port}/tcp; sudo ufw allow 5353/udp") if enabled else None


def _firewalld(port: int, root: Path) -> Finding | None:
    if not (root / "run/firewalld").is_dir() and _output("firewall-cmd", "--state").strip() != "running":
        return None
    return _may_block("firewalld", f"sudo firewall-cmd --add-service=mdns; sudo firewall-cmd --add-port={port}/tcp")


def _macos() -> Finding | None:
    if sys.platform != "darwin":
        return None
    state = _output("/usr/libexec/ApplicationFirewall/socketfilterfw", "--getglobalstate")
    return _may_block("the macOS firewall", "allow incoming connections for Python") if "enabled" in state else None


def _nft(port: int) -> Finding | None:
    rules = _output("nft", "list", "ruleset")
    if not re.search(r"hook input", rules) or not re.search(r"policy drop|\b(drop|reject)\b", rules):
        return None
    return _may_block("nftables", f"let TCP port {port} and UDP port 5353 in")


def _iptables(port: int) -> Finding | None:
    rules = _output("iptables", "-S", "INPUT")
    if not re.search(r"^-P INPUT DROP|-j (DROP|REJECT)", rules, re.MULTILINE):
        return None
    return _may_block("iptables", f"sudo iptables -I INPUT -p tcp --dport {port} -j ACCEPT; the same for udp 5353")


def _may_block(what: str, advice: str) -> Finding:
    return warn(_AREA, f"{what} is on, and may keep others out", f"if they cannot connect: {advice}")


def _output(*command: str) -> str:
    """Of a tool that may not be there, or tell root alone."""
    try:
        return subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=ASKING, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
