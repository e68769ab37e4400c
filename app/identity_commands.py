"""`chat-tui identity`: shows an author's key, gives it a passphrase, copies it out and in.

- A key that is here is never replaced by another one: it could not be had back.
- What is said beside a copy goes through `say`, because the copy itself may go to stdout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from app.config import key_file, make_user_folder, user_folder
from app.errors import IdentityError, StorageError
from app.identity import fingerprint, grouped, safety_words
from app.identity_file import MAX_BYTES, KeyFile, read, read_sound, refuse_unsound, replace
from app.passphrase import Ask, choose, unlock
from app.private_files import can_be_read_by_others, read_any, reason, write_backup, write_new

PIPE = Path("-")  # in place of a file: stdout or stdin
Say = Callable[[str], object]


def show(me: str, data_dir: Path) -> str:
    name, path = _existing(me, data_dir)
    key = read(path)
    protection = "yes" if key.has_passphrase else f"no; to set one: chat-tui identity passphrase {name}"
    return (
        f"{name} {grouped(fingerprint(key.public))}\nsafety words: {safety_words(key.public)}\npassphrase: {protection}"
    )


def change_passphrase(me: str, data_dir: Path, environment: Mapping[str, str], ask: Ask | None) -> str:
    """Ask for the passphrase that the key has and the one that it is to have. What was done."""
    name, path = _existing(me, data_dir)
    key = read_sound(path)
    if ask is None:
        raise IdentityError(f"passphrases are asked for on a terminal: type there chat-tui identity passphrase {name}")
    identity = unlock(key, name, environment, ask)
    chosen = choose(name, ask)
    if not chosen and not key.has_passphrase:
        return f"{name}'s key has no passphrase, as before"
    replace(path, KeyFile.sealed(identity, chosen) if chosen else KeyFile.plain(identity))
    if not chosen:
        return f"{name}'s key has no passphrase any more: whoever can read {path} can write as {name}"
    return (
        f"{name}'s key opens with the new passphrase only, and nobody can help who forgets it. "
        "Copies that were made before are as they were"
    )


def export(me: str, data_dir: Path, file: Path, say: Say) -> None:
    """Copy the key as it is, with its passphrase if it has one."""
    name, path = _existing(me, data_dir)
    key = read_sound(path)
    if file == PIPE:
        try:
            with open(1, "wb", closefd=False) as stdout:
                stdout.write(key.encode())
        except OSError as error:
            raise StorageError(f"the copy cannot be written: {reason(error)}") from error
    else:
        try:
            write_backup(file, key.encode())
        except FileExistsError:
            raise IdentityError(f"{file} is there already, and stays as it is: choose another name") from None
        except OSError as error:
            raise StorageError(f"the copy {file} cannot be written: {reason(error)}") from error
        say(f"{name}'s key is in {file}")
    if not key.has_passphrase:
        say(
            f"whoever gets this copy can write as {name}. "
            f"Better: chat-tui identity passphrase {name}, and then copy it again"
        )


def import_(me: str, data_dir: Path, file: Path, say: Say) -> None:
    """Make the key in `file` that of `me` here, unless another one is."""
    key = _read_backup(file, say)
    folder = user_folder(data_dir, me)
    name, path = folder.name, key_file(folder)
    if not path.exists():
        make_user_folder(folder)
        try:
            write_new(path, key.encode())
        except FileExistsError:
            pass  # another process was quicker: compared below
        except OSError as error:
            raise StorageError(f"the key file {path} cannot be written: {reason(error)}") from error
        else:
            say(f"{name} has the key {grouped(fingerprint(key.public))} here now: chat-tui {name} PEER")
            return
    here = read(path)
    if here.public != key.public:
        raise IdentityError(
            f"{name} has another key here ({grouped(fingerprint(here.public))}, not "
            f"{grouped(fingerprint(key.public))}), and what {name} wrote is signed with it. Take a folder of its own "
            f"for the copy: chat-tui identity import {name} {file} --data-dir DIR; or, if {name} here is to be "
            f"forgotten, move {folder} away first"
        )
    say(f"{name} has this very key here already: nothing was changed")


def _existing(me: str, data_dir: Path) -> tuple[str, Path]:
    """The name as it was written the first time, and the key file, which is there."""
    folder = user_folder(data_dir, me)
    path = key_file(folder)
    if not path.exists():
        raise StorageError(f"{me} has no key in {data_dir} yet: chat-tui {me} makes one")
    return folder.name, path


def _read_backup(file: Path, say: Say) -> KeyFile:
    if file == PIPE:
        with open(0, "rb", closefd=False) as stdin:
            key = KeyFile.decode(stdin.read(MAX_BYTES), "on standard input")
    else:
        content, found = read_any(file, MAX_BYTES)
        key = KeyFile.decode(content, str(file))
        if not key.has_passphrase and can_be_read_by_others(found):
            say(f"others on this computer can read {file}, and it has no passphrase: delete it where it is not needed")
    refuse_unsound(key, str(file))
    return key
