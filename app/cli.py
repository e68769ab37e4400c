"""The program: reads the command line, opens what it needs, hands over to a face, and turns every end into a status.

- Nothing is imported before it is needed: `--version` and a mistyped option answer at once.
- No traceback reaches a person: foreseen errors are one sentence, others one sentence and the place of the details.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from app import __version__, start_up
from app.errors import ChatError, IdentityError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from app.command import Check, Command
    from app.config import Face, Options
    from app.identity import Identity
    from app.storage.log import Log

EXIT_UNSOUND = 1
EXIT_NOT_CHECKED = 3
_SILENCE = 1.0  # seconds of a start in which nobody wonders yet


def main(argv: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else list(argv)
    _fill_standard_descriptors()
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        return _explain(error)


def _run(arguments: Sequence[str]) -> int:
    if arguments == ["--version"]:
        return _say(f"chat-tui {__version__}")
    start_up.begin()
    from app.arguments import help_text, parse
    from app.command import (
        ChangePassphrase,
        Chat,
        Check,
        Doctor,
        Export,
        ExportIdentity,
        Import,
        ImportIdentity,
        Peers,
        Repair,
        ShowHelp,
        ShowIdentity,
        ShowVersion,
    )

    command: Command = parse(arguments, os.environ)
    if not isinstance(command, Chat):
        start_up.end()
    match command:
        case ShowVersion():
            return _say(f"chat-tui {__version__}")
        case ShowHelp():
            return _say(help_text())
        case ShowIdentity(me, data_dir):
            from app import identity_commands

            return _say(identity_commands.show(me, data_dir))
        case ChangePassphrase(me, data_dir):
            from app import identity_commands, passphrase

            return _say(identity_commands.change_passphrase(me, data_dir, os.environ, passphrase.asker()))
        case ExportIdentity(me, data_dir, file):
            from app import identity_commands

            identity_commands.export(me, data_dir, file, _remark)
            return 0
        case ImportIdentity(me, data_dir, file):
            from app import identity_commands

            identity_commands.import_(me, data_dir, file, _remark)
            return 0
        case Check():
            try:
                return _check(command)
            except PermissionError as error:
                return _not_checked(str(_foreseen(error) or error))
        case Repair():
            from app import passphrase, repair_command

            _interrupt_on_signals()
            repair_command.run(command, os.environ, passphrase.asker(), _say)
            return 0
        case Export():
            from app import carrying

            _interrupt_on_signals()
            return _say(carrying.export(command, _remark))
        case Import():
            from app import carrying, passphrase

            _interrupt_on_signals()
            return _say(carrying.import_(command, os.environ, passphrase.asker()))
        case Doctor(options):
            from app.doctor import command as doctor

            return doctor.run(options, _say)
        case Peers(me, data_dir, room, action, name):
            from app import peers_command

            return _say(peers_command.run(me, data_dir, room, action, name))
        case Chat(options):
            return _chat(options)


def _say(text: str) -> int:
    if sys.stdout is None:  # our caller closed it
        return 0
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains at its exit about what is left
        if not isinstance(error, BrokenPipeError):  # whoever read it has read enough
            raise ChatError(f"the output cannot be written: {error.strerror}") from error
    return 0


def _chat(options: Options) -> int:
    import logging

    from msgspec.structs import replace

    from app import config, identity_file, log_file, passphrase
    from app.config import Face

    user = config.user_folder(options.data_dir, options.me)
    config.make_user_folder(user)
    folder = config.room_folder(user, options.room)
    options = replace(options, me=user.name, room=folder.name)  # as they were written the first time
    level = logging.DEBUG if options.debug else logging.INFO if options.log_file else logging.CRITICAL
    if options.log_file:
        log_file.check_writable(options.log_file)
    log_file.start(options.log_file or config.log_path(user), level)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, _leave)
    if not config.key_file(user).exists() and config.room_names(user):
        raise IdentityError(
            f"the key file {config.key_file(user)} is missing, and what is in {user / 'rooms'} was written with it: "
            f"put a copy of it back with: chat-tui identity import {options.me} FILE; or move {user} away to begin anew"
        )
    key = identity_file.read_or_create(config.key_file(user))
    own = passphrase.unlock(key, options.me, os.environ, passphrase.asker())

    log = _open_log(folder, own, options)
    try:
        from app.node import Node

        face = options.face or _face_for_terminal()
        node = Node(log, own, replace(options, face=face))
        node.subscribe(log_file.note)
        if face is not Face.SCREEN and (why := node.door.unconfirmed()):
            raise UsageError(f"{why}: if that is right, start with --admit; on the screen you are asked")
        match face:
            case Face.SCREEN:
                from app import settings
                from app.tui import Files, run_screen

                room = config.room_folder(user, options.room)
                kept = Files(config.draft_path(room), config.room_view_path(room), config.taste_path(user))
                return run_screen(node, kept, settings.load(config.settings_path()))
            case Face.LINES:
                from app.headless import run_lines

                start_up.end()
                return run_lines(node, options)
            case Face.HEADLESS:
                from app.headless import run_headless
                from app.service_manager import ServiceManager

                start_up.end()
                return run_headless(node, ServiceManager(os.environ))
    finally:
        log.close()


def _open_log(folder: Path, own: Identity, options: Options) -> Log:
    import time

    from app.progress import Progress
    from app.storage.log import Log

    doing = "reading all once after a sudden end, bytes"
    progress = Progress(doing, debug=options.debug, silence=_SILENCE)
    try:
        return Log.open(
            folder,
            identity=own,
            name=options.me,
            room=options.room,
            wall=lambda: time.time_ns() // 1000,
            progress=progress,
        )
    finally:
        progress.end()


def _face_for_terminal() -> Face:
    from app.config import Face

    terminal = os.isatty(0) and os.isatty(1) and os.environ.get("TERM", "") not in ("", "dumb")
    return Face.SCREEN if terminal else Face.LINES


def _check(command: Check) -> int:
    """0: sound; EXIT_UNSOUND; EXIT_NOT_CHECKED: nothing can be said about a room, and nothing bad about the others."""
    from app.config import key_file, room_folder, room_names, user_folder
    from app.identity_file import read_sound
    from app.names import DEFAULT_ROOM
    from app.progress import Progress
    from app.storage.check import check
    from app.text import one_line

    user = user_folder(command.data_dir, command.me)
    rooms = room_names(user) if command.room is None else [command.room]
    if not rooms:
        return _not_checked(f"nothing is kept for {command.me} in {command.data_dir}")
    statuses = set()
    public = None
    try:
        public = read_sound(key_file(user)).public
    except ChatError as error:
        statuses.add(_not_checked(str(error)))
    for room in rooms:
        progress = Progress("entries checked", debug=False)
        try:
            findings = check(room_folder(user, room), progress=progress)
        except ChatError as error:
            progress.end()
            statuses.add(_not_checked(f"room {room}: {str(error).removeprefix('could not check: ')}"))
            continue
        finally:
            progress.end()
        if public is not None and findings.author not in (None, public):
            statuses.add(EXIT_UNSOUND)
            _say(f"room {room}: written with another key than the one in {key_file(user)}")
        if findings.sound:
            _say(f"room {room}: sound, {findings.entries:,} entries in {findings.feeds:,} feeds")
            for name in sorted(findings.forked):
                option = "" if room == DEFAULT_ROOM else f" --room {room}"
                shown = f"chat-tui peers {command.me}{option} forks {name}"
                _say(one_line(f"  {name} signed two different entries with one number: {shown} shows both"))
            continue
        statuses.add(EXIT_UNSOUND)
        _say(f"room {room}: unsound, {findings.total:,} findings in {findings.entries:,} entries that were read")
        for finding in findings.found:
            _say(f"  {one_line(str(finding))}")
        if findings.total > len(findings.found):
            _say(f"  and {findings.total - len(findings.found):,} more")
    if EXIT_UNSOUND in statuses:
        _remark(f"chat-tui repair {command.me} saves all that can be saved, and keeps the damaged file")
    return EXIT_UNSOUND if EXIT_UNSOUND in statuses else max(statuses, default=0)


def _not_checked(why: str) -> int:
    _complain(f"could not check: {why}")
    return EXIT_NOT_CHECKED


def _explain(error: Exception) -> int:
    """Say on stderr what went wrong. The exit status."""
    foreseen = _foreseen(error)
    if foreseen is not None:
        _complain(str(foreseen))
        return foreseen.exit_status
    from app import log_file

    place = log_file.crashed(error)
    details = f"the details are in {place}" if place else "start it again with --log-file PATH to keep the details"
    _complain(f"it broke, which should not happen ({type(error).__name__}): what was saved is safe, and {details}")
    return 1


def _foreseen(error: BaseException) -> ChatError | None:
    if isinstance(error, ChatError):
        return error
    if isinstance(error, BaseExceptionGroup):  # from a task group
        return next(filter(None, map(_foreseen, error.exceptions)), None)
    if isinstance(error, PermissionError) and error.filename:  # what is ours and closed to us: started as root once?
        from pathlib import Path

        from app.private_files import closed_sentence

        return ChatError(closed_sentence(Path(os.fsdecode(error.filename))))
    return None


def _complain(sentence: str) -> None:
    _remark(f"chat-tui: {sentence}")


def _remark(sentence: str) -> None:
    """On stderr."""
    from app.text import one_line

    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{one_line(sentence)}\n")
        sys.stderr.flush()
    except OSError:
        return  # nobody to tell


def _leave(_number: int, _frame: object) -> NoReturn:
    """For signals that come before or after a face takes care of them."""
    sys.exit(0)


def _interrupt_on_signals() -> None:
    """For commands that take long: SIGTERM and SIGHUP end them as Ctrl+C does, with nothing left half done."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _fill_standard_descriptors() -> None:
    """Open what our caller closed: else the database would become stdout, and messages be written into it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free one


if __name__ == "__main__":
    sys.exit(main())
