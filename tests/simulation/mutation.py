"""Puts something else in the place of a part of the program, until it is taken out again."""

from __future__ import annotations

from contextlib import ExitStack
from unittest import mock


class Patch:
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __call__(self, owner: object, name: str, stand_in: object) -> None:
        self._stack.enter_context(mock.patch.object(owner, name, stand_in))
