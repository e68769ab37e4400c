"""Getting a passphrase from a person or from the environment."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Mapping

from app.errors import IdentityError, WrongPassphraseError
from app.identity import Identity
from app.identity_file import KeyFile

VARIABLE = "CHAT_TUI_PASSPHRASE"
TRIES = 3

Ask = Callable[[str], str]  # shows a prompt, answers a line that was typed unseen


def asker() -> Ask | None:
    """How the person is asked: on their terminal. None where nobody is typing."""
    return ask_on_terminal if sys.stdin is not None and os.isatty(sys.stdin.fileno()) else None


def ask_on_terminal(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise IdentityError("no passphrase was typed") from None


def unlock(key: KeyFile, name: str, environment: Mapping[str, str], ask: Ask | None) -> Identity:
    """`name`'s key, opened with the passphrase if it has one; the environment's goes before asking."""
    if not key.has_passphrase:
        return key.unlock()
    given = environment.get(VARIABLE)
    if given is not None:
        try:
            return key.unlock(given)
        except WrongPassphraseError:
            raise WrongPassphraseError(f"{VARIABLE} does not hold the passphrase of {name}'s key") from None
    if ask is None:
        raise IdentityError(
            f"{name}'s key has a passphrase, and there is no terminal to ask for it: "
            f"put it into the environment variable {VARIABLE}"
        )
    prompt = f"Passphrase of {name}'s key: "
    for _ in range(TRIES):
        try:
            return key.unlock(ask(prompt))
        except WrongPassphraseError:
            prompt = f"That was not the passphrase of {name}'s key. Once more: "
    raise WrongPassphraseError(f"none of these was the passphrase of {name}'s key: start again to try again")


def choose(name: str, ask: Ask) -> str:
    """A new passphrase, typed twice; empty for none."""
    prompt = f"New passphrase of {name}'s key (several random words are best; empty for none): "
    for _ in range(TRIES):
        chosen = ask(prompt)
        if ask("The same once more: ") == chosen:
            return chosen
        prompt = "The two were not the same. New passphrase: "
    raise IdentityError("the two were not the same: nothing was changed")
