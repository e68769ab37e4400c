"""The folder of one room: made private, held by one process at a time, and never on a network file system.

- `flock` dies with its process, however it ends, so a lock is never stale. The process id in the file tells a person
  who holds it.
- Who ends well takes the id out again. Where one is found and nobody holds the lock, a process was killed, the power
  went, or the disk could not read what lay under the map: then nothing is mapped that was not read once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from pathlib import Path

from app.errors import DiskFullError, LockedError, ReadOnlyError, StorageError

DATA_FILE = "log.mdb"
LOCK_FILE = "lock"
_MOUNT_POINT = 4  # which field of a line of mountinfo

_NETWORK = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "9p", "afs", "ncpfs", "ceph", "glusterfs", "lustre", "gpfs", "orangefs"}
)
_NETWORK_LIKE = ("smb", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.davfs", "fuse.ceph", "fuse.curlftpfs")


class FolderLock:
    """An exclusive hold on a room's folder, until `release`."""

    def __init__(self, descriptor: int, *, left: bool = False) -> None:
        """left: whoever held it last did not end well."""
        self._descriptor: int | None = descriptor
        self.left = left

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        path = folder / LOCK_FILE
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise folder_error(folder, error) from error
        _flock(descriptor, path)
        try:
            left = bool(os.pread(descriptor, 1, 0))
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        except OSError as error:
            os.close(descriptor)
            raise folder_error(folder, error) from error
        return cls(descriptor, left=left)

    @classmethod
    def take_unwritten(cls, folder: Path) -> FolderLock | None:
        """The same without changing the folder, for who only looks; None when there has never been a lock."""
        path = folder / LOCK_FILE
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise folder_error(folder, error) from error
        _flock(descriptor, path)
        return cls(descriptor)

    def ended_well(self) -> None:
        """To be called before `release` where whatever was done in the folder has come to its end."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)

    def release(self) -> None:
        if self._descriptor is not None:
            # Closing alone leaves it to a child that is just being forked, as ctypes does to find a library.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None


def _flock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise LockedError(
                f"{path.parent} is open in process {holder or 'unknown'}: leave that one first"
            ) from error
        raise StorageError(f"{path} cannot be locked: {error.strerror}") from error


def lock_holder(folder: Path) -> int | None:
    """The process that has the room in `folder` open, 0 if it cannot be told which; None if none has."""
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        process = os.pread(descriptor, 20, 0).strip()
        return int(process) if process.isdigit() else 0
    finally:
        os.close(descriptor)
    return None


def was_left(folder: Path) -> bool:
    """Whether nobody has the room in `folder` open, and who had it last did not end well."""
    try:
        return lock_holder(folder) is None and (folder / LOCK_FILE).stat().st_size > 0
    except OSError:
        return False


def make_folder(folder: Path) -> None:
    """Make `folder`, and what is missing above it, readable by its owner alone."""
    try:
        for missing in reversed([folder, *folder.parents]):
            if not missing.exists():
                missing.mkdir(mode=0o700, exist_ok=True)
                sync_folder(missing.parent)
    except OSError as error:
        raise folder_error(folder, error) from error


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def folder_error(folder: Path, error: OSError) -> StorageError:
    """The error of a file operation in `folder`, in words."""
    if error.errno == errno.EROFS:
        return ReadOnlyError(read_only_disk_sentence(folder))
    if isinstance(error, PermissionError):
        return ReadOnlyError(f"{folder} cannot be written: give yourself write permission, or take --data-dir")
    if is_disk_full(error.errno, folder):
        return DiskFullError(disk_full_sentence(folder))
    if error.errno == errno.EIO:
        return StorageError(failing_disk_sentence(folder))
    return StorageError(f"{folder} cannot be used: {error.strerror or error}")


def read_only_disk_sentence(path: Path) -> str:
    """A system makes a disk read-only when it finds a fault in it."""
    return f"{path} cannot be written: its disk is read-only now; the system's log says why, or take --data-dir"


def failing_disk_sentence(folder: Path) -> str:
    return f"the disk of {folder} fails: keep a copy of what is there elsewhere; the system's log says more"


def unreadable_sentence(path: Path) -> str:
    """path: the data file, DATA-DIR/ME/rooms/ROOM/log.mdb."""
    me = path.parents[2].name
    return f"the disk cannot read all of {path}: chat-tui repair {me} saves the rest; the system's log says more"


def disk_full_sentence(folder: Path) -> str:
    return f"no space left on the disk of {folder}: free some space"


def is_disk_full(code: int | None, folder: Path) -> bool:
    """Whether an errno means that there is no room. Some file systems answer EIO when a late allocation fails."""
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    if code != errno.EIO:
        return False
    try:
        return os.statvfs(folder).f_bavail == 0
    except OSError:
        return False


def refuse_network_file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """LMDB needs a memory map that all see alike, and locks that hold: network file systems give neither."""
    kind = file_system_kind(folder, mounts)
    if is_network_file_system(kind):
        raise StorageError(
            f"{folder} lies on a network file system ({kind}), where a database can be damaged: "
            "choose a folder on a local disk with --data-dir"
        )


def is_network_file_system(kind: str) -> bool:
    return kind in _NETWORK or kind.startswith(_NETWORK_LIKE) or (kind.startswith("fuse.") and "gluster" in kind)


def file_system_kind(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """`ext4`, `nfs4`, …; empty where the system does not say (it is no Linux)."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    target = f"{folder.resolve()}/"
    best, kind = -1, ""
    for line in lines:
        mount, _, of = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) > _MOUNT_POINT and of:
            point = fields[_MOUNT_POINT].rstrip("/")
            if "\\" in point:
                point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
            if len(point) >= best and target.startswith(f"{point}/"):  # of two at one place the later one is seen
                best, kind = len(point), of.split(" ")[0]
    return kind
