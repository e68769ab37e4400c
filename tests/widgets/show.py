"""A chat without a network for tests in a terminal: `python -m tests.widgets.show FOLDER [broken|foreseen]`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from app import cli, log_file
from app.errors import DiskFullError
from app.tui import Files, run_screen
from tests.widgets.chats import LocalChat, local_chat


class Broken(LocalChat):
    async def run(self) -> None:
        raise RuntimeError("nobody thought of this")


class Foreseen(LocalChat):
    async def run(self) -> None:
        raise DiskFullError("there is no space left on the disk")


def main() -> int:
    folder = Path(sys.argv[1])
    log_file.start(folder / "log", logging.WARNING)
    with local_chat(folder) as chat:
        if not chat.log.count():
            chat.says("bob", *(f"message {number}" for number in range(50))).result()
        if sys.argv[2:]:
            chat.__class__ = {"broken": Broken, "foreseen": Foreseen}[sys.argv[2]]
        try:
            return run_screen(chat, Files(folder / "draft", folder / "view", folder / "taste"))
        except Exception as error:
            return cli._explain(error)


if __name__ == "__main__":
    sys.exit(main())
