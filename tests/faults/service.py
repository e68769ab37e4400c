"""The unit in contrib/, run by a real systemd that is the first process of a namespace of its own.

- Nothing of the computer is changed: its files are the lower half of an overlay in memory, its network is not there.
  What stays is two empty control groups, `payload` and `supervisor`.
- Each try: started, killed, stopped by SIGSTOP until the watchdog comes, ended, begun anew with its user's manager, and
  with a command line that is wrong.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.faults.shim import NotAvailableError

ROOT = Path(__file__).parents[2]
SECONDS = 240  # a try takes some 95 of them, of which the watchdog waits 60
SYSTEMD = Path("/lib/systemd/systemd")

# Within: as root, when the system is up. Each line of its output is a fact, which is compared with what is expected.
_TRY = """#!/bin/bash
exec >{facts} 2>/dev/null
home=/home/keeper; useradd -m keeper; id=$(id -u keeper); run=/run/user/$id
as() {{ runuser -u keeper -- env HOME=$home XDG_RUNTIME_DIR=$run DBUS_SESSION_BUS_ADDRESS=unix:path=$run/bus "$@"; }}
show() {{ as systemctl --user show "chat-tui@$1" -p "$2" --value; }}
process() {{ show cellar MainPID; }}
until_another() {{ until p=$(process) && [ "$p" != 0 ] && [ "$p" != "$1" ] && [ "$(show cellar SubState)" = running ]
  do sleep 0.1; done; }}
as mkdir -p $home/.local/bin $home/.config/systemd/user $home/.config/chat-tui
printf '#!/bin/sh\\nPYTHONPATH=%s exec %s -m app "$@"\\n' {root} {python} > $home/.local/bin/chat-tui
chmod 755 $home/.local/bin/chat-tui
cp {root}/contrib/chat-tui@.service $home/.config/systemd/user/
echo 'PEERS=alice bob' > $home/.config/chat-tui/cellar.env
echo 'PEERS=alice no/name' > $home/.config/chat-tui/shed.env
loginctl enable-linger keeper; until [ -S $run/bus ]; do sleep 0.1; done
as systemctl --user daemon-reload
as systemctl --user enable --now chat-tui@cellar; echo "started: $?, $(show cellar StatusText)"
first=$(process); kill -KILL $first; until_another $first; echo "killed: $(show cellar NRestarts)"
second=$(process); kill -STOP $second; until_another $second; echo "hung: $(show cellar NRestarts)"
as systemctl --user stop chat-tui@cellar; echo "ended: $?, $(show cellar Result)"
as $home/.local/bin/chat-tui check cellar >/dev/null; echo "check: $?"
systemctl restart user@$id; until [ -S $run/bus ]; do sleep 0.1; done; until_another 0
echo "anew: $(show cellar NRestarts)"
as systemctl --user start chat-tui@nobody; echo "no env file: $?"
as systemctl --user start chat-tui@shed; echo "wrong: $(show shed ExecMainStatus), $(show shed NRestarts)"
journalctl --no-pager --output cat _UID=$id | grep -E "chat-tui|info>|warning>" > {facts}.story
systemctl poweroff
"""
EXPECTED = [
    "started: 0, nobody is connected",
    "killed: 1",
    "hung: 2",
    "ended: 0, success",
    "check: 0",
    "anew: 0",
    "no env file: 0",
    "wrong: 2, 0",
]
_BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs none {base}/memory; mkdir {base}/memory/upper {base}/memory/work
mount -t overlay -o lowerdir=/,upperdir={base}/memory/upper,workdir={base}/memory/work none {base}/tree
rm -f {base}/tree/etc/machine-id; echo 0123456789abcdef0123456789abcdef > {base}/tree/etc/machine-id
chmod a+x {passed}
cat > {base}/tree/etc/systemd/system/try.service <<END
[Unit]
After=multi-user.target systemd-logind.service
[Service]
ExecStart=/bin/bash {base}/out/try
END
mkdir -p {base}/tree/etc/systemd/system/multi-user.target.wants
ln -s ../try.service {base}/tree/etc/systemd/system/multi-user.target.wants/
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --register=no --keep-unit --link-journal=no -D {base}/tree --private-network --boot \
    --console=read-only --bind={base}/out {binds} </dev/null
"""


def run(times: int, first: int, say: Callable[[str], None]) -> int:
    for needed in ("systemd-nspawn", "unshare", "loginctl"):
        if shutil.which(needed) is None or not SYSTEMD.exists():
            raise NotAvailableError(f"there is no systemd, or no {needed}")
    if os.geteuid() != 0:
        raise NotAvailableError("only root may begin such a namespace")
    return sum(not _once(say) for _ in range(first, first + times))


def _once(say: Callable[[str], None]) -> bool:
    with tempfile.TemporaryDirectory(prefix="chat-tui-service-") as folder:
        base = Path(folder)
        for name in ("memory", "tree", "out"):
            (base / name).mkdir()
        base.chmod(0o755)
        facts = base / "out" / "facts"
        places = {ROOT, Path(sys.prefix), Path(sys.base_prefix)}
        script = _TRY.format(facts=facts, root=shlex.quote(str(ROOT)), python=shlex.quote(sys.executable))
        (base / "out" / "try").write_text(script)
        boot = _BOOT.format(
            base=base,
            passed=" ".join(shlex.quote(f"{base}/tree{above}") for place in places for above in place.parents),
            binds=" ".join(f"--bind-ro={shlex.quote(str(place))}" for place in places),
        )
        command = ["unshare", "-mnpf", "--kill-child", "--mount-proc", "bash", "-c", boot]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
            told = (ended.stdout + ended.stderr)[-500:]
        except subprocess.TimeoutExpired:
            told = f"not done after {SECONDS} s"
        found = facts.read_text().splitlines() if facts.exists() else []
        story = facts.with_name("facts.story")
        if found != EXPECTED:
            say(f"expected {EXPECTED}, found {found}; {story.read_text() if story.exists() else told}")
        return found == EXPECTED
