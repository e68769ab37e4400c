"""`chat-tui identity` as its words are carried out."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import passphrase
from app.config import key_file, make_user_folder
from app.errors import ChatError, IdentityError, StorageError, WrongPassphraseError
from app.identity import Identity, fingerprint, grouped, safety_words
from app.identity_commands import change_passphrase, export, import_, show
from app.identity_file import KeyFile, read, read_or_create
from app.passphrase import VARIABLE, unlock

WORDS = "plaza coffee umbrella"


class Person:
    """Types the answers in their order, and remembers what was asked."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.asked.append(prompt)
        return next(self._answers)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Where alice has a key."""
    make_user_folder(tmp_path / "data" / "alice")
    read_or_create(key_file(tmp_path / "data" / "alice"))
    return tmp_path / "data"


def key(data_dir: Path) -> KeyFile:
    return read(key_file(data_dir / "alice"))


def set_passphrase(data_dir: Path, words: str = WORDS) -> None:
    change_passphrase("alice", data_dir, {}, Person(words, words))


def test_a_key_is_shown_with_what_to_compare(data_dir: Path) -> None:
    public = key(data_dir).public
    before = show("ALICE", data_dir).splitlines()
    assert before[:2] == [f"alice {grouped(fingerprint(public))}", f"safety words: {safety_words(public)}"]
    assert "identity passphrase alice" in before[2]
    set_passphrase(data_dir)
    assert show("alice", data_dir).splitlines() == [*before[:2], "passphrase: yes"]


@pytest.mark.parametrize("command", ["show", "passphrase", "export"])
def test_who_has_no_key_is_told_how_to_get_one(tmp_path: Path, command: str) -> None:
    commands: dict[str, Callable[[], object]] = {
        "show": lambda: show("alice", tmp_path),
        "passphrase": lambda: change_passphrase("alice", tmp_path, {}, Person()),
        "export": lambda: export("alice", tmp_path, tmp_path / "copy", print),
    }
    with pytest.raises(StorageError, match="chat-tui alice makes one"):
        commands[command]()
    assert list(tmp_path.iterdir()) == []


def test_a_passphrase_is_set_changed_and_taken_away(data_dir: Path) -> None:
    before = key(data_dir)
    assert "new passphrase only" in change_passphrase("alice", data_dir, {}, Person("one", "one"))
    assert key(data_dir).unlock("one").secret == before.secret
    change_passphrase("alice", data_dir, {}, Person("one", "two", "two"))
    with pytest.raises(WrongPassphraseError):
        key(data_dir).unlock("one")
    assert "no passphrase any more" in change_passphrase("alice", data_dir, {}, Person("two", "", ""))
    assert key(data_dir) == before
    assert "as before" in change_passphrase("alice", data_dir, {}, Person("", ""))


def test_a_passphrase_is_typed_twice(data_dir: Path) -> None:
    person = Person("one", "other", "two", "two")
    change_passphrase("alice", data_dir, {}, person)
    assert "not the same" in person.asked[2]
    assert key(data_dir).unlock("two")
    content = key_file(data_dir / "alice").read_bytes()
    with pytest.raises(IdentityError, match="nothing was changed"):
        change_passphrase("alice", data_dir, {VARIABLE: "two"}, Person(*"abcdef"))
    assert key_file(data_dir / "alice").read_bytes() == content


def test_without_a_terminal_no_passphrase_is_chosen(data_dir: Path) -> None:
    with pytest.raises(IdentityError, match="on a terminal"):
        change_passphrase("alice", data_dir, {}, None)
    assert not key(data_dir).has_passphrase


def test_a_key_without_passphrase_asks_for_nothing(data_dir: Path) -> None:
    assert unlock(key(data_dir), "alice", {}, None).public == key(data_dir).public


def test_a_passphrase_has_three_tries(data_dir: Path) -> None:
    set_passphrase(data_dir)
    person = Person("a", "b", WORDS)
    assert unlock(key(data_dir), "alice", {}, person).public == key(data_dir).public
    assert [prompt.startswith("That was not") for prompt in person.asked] == [False, True, True]
    person = Person("a", "b", "c", WORDS)
    with pytest.raises(WrongPassphraseError, match="none of these") as caught:
        unlock(key(data_dir), "alice", {}, person)
    assert len(person.asked) == 3
    assert caught.value.exit_status == 1


def test_the_environment_has_the_passphrase_or_there_is_a_sentence(data_dir: Path) -> None:
    set_passphrase(data_dir)
    assert unlock(key(data_dir), "alice", {VARIABLE: WORDS}, None)
    for environment, said in (({}, "put it into the environment variable"), ({VARIABLE: "x"}, "does not hold")):
        with pytest.raises(IdentityError, match=said) as caught:
            unlock(key(data_dir), "alice", environment, None)
        assert VARIABLE in str(caught.value)


def test_an_end_of_input_is_no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)
    with pytest.raises(IdentityError, match="no passphrase was typed"):
        passphrase.ask_on_terminal("?")


@pytest.mark.parametrize("words", ["", WORDS])
def test_a_copy_brings_the_author_to_another_computer(data_dir: Path, tmp_path: Path, words: str) -> None:
    if words:
        set_passphrase(data_dir)
    said: list[str] = []
    copy, elsewhere = tmp_path / "copy", tmp_path / "elsewhere"
    export("alice", data_dir, copy, said.append)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert any("identity passphrase alice" in sentence for sentence in said) == (not words)
    import_("alice", elsewhere, copy, said.append)
    assert key(elsewhere) == key(data_dir)
    assert key(elsewhere).has_passphrase == bool(words)
    assert stat.S_IMODE(key_file(elsewhere / "alice").stat().st_mode) == 0o600
    assert stat.S_IMODE((elsewhere / "alice").stat().st_mode) == 0o700
    assert not any(WORDS in sentence for sentence in said)


def test_a_copy_never_takes_the_place_of_a_file(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for file in (copy, link):
        with pytest.raises(IdentityError, match="choose another name"):
            export("alice", data_dir, file, print)
    assert copy.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_copy_that_cannot_be_written_is_not_half_there(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        export("alice", data_dir, tmp_path / "missing" / "copy", print)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space"):
        export("alice", data_dir, tmp_path / "copy", print)
    assert not (tmp_path / "copy").exists()


def test_a_key_that_is_here_is_never_replaced(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(KeyFile.plain(Identity.generate()).encode())
    copy.chmod(0o600)
    before = key_file(data_dir / "alice").read_bytes()
    with pytest.raises(IdentityError, match=r"another key here .* --data-dir DIR") as caught:
        import_("alice", data_dir, copy, print)
    assert grouped(fingerprint(key(data_dir).public)) in str(caught.value)
    assert key_file(data_dir / "alice").read_bytes() == before


def test_the_very_key_can_be_brought_again(data_dir: Path, tmp_path: Path) -> None:
    said: list[str] = []
    export("alice", data_dir, tmp_path / "copy", said.append)
    set_passphrase(data_dir)
    import_("alice", data_dir, tmp_path / "copy", said.append)
    assert "nothing was changed" in said[-1]
    assert key(data_dir).has_passphrase


def test_a_lost_key_comes_back_to_what_was_written_with_it(data_dir: Path, tmp_path: Path) -> None:
    before = key(data_dir)
    export("alice", data_dir, tmp_path / "copy", print)
    key_file(data_dir / "alice").unlink()
    import_("Alice", data_dir, tmp_path / "copy", print)
    assert key(data_dir) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged"),
        (b"hello\n", "damaged"),
        (KeyFile(bytes(32), bytes(32)).encode(), "do not belong together"),
    ],
)
def test_what_is_no_key_is_not_brought_in(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(IdentityError, match=said):
        import_("alice", tmp_path / "data", tmp_path / "copy", print)
    assert not (tmp_path / "data").exists()


def test_a_copy_on_a_memory_stick_is_read_with_a_remark(data_dir: Path, tmp_path: Path) -> None:
    said: list[str] = []
    export("alice", data_dir, tmp_path / "copy", said.append)
    (tmp_path / "copy").chmod(0o755)  # where there are no owners, all files look like that
    import_("alice", tmp_path / "elsewhere", tmp_path / "copy", said.append)
    assert any("others on this computer can read" in sentence for sentence in said)


def test_a_folder_that_others_can_write_in_is_not_taken(data_dir: Path, tmp_path: Path) -> None:
    export("alice", data_dir, tmp_path / "copy", print)
    (tmp_path / "elsewhere" / "alice").mkdir(parents=True)
    (tmp_path / "elsewhere" / "alice").chmod(0o777)
    with pytest.raises(ChatError, match="chmod 700"):
        import_("alice", tmp_path / "elsewhere", tmp_path / "copy", print)
    assert list((tmp_path / "elsewhere" / "alice").iterdir()) == []
