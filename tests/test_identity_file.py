"""Key files: what is read back, and what is refused."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import IdentityError, WrongPassphraseError
from app.identity import Identity, verify
from app.identity_file import MAX_BYTES, KeyFile, Sealed, read, read_or_create, read_sound, replace
from app.sealing import COST, Cost

CHEAP = Cost(passes=1, lanes=1, memory=8)
ALICE = Identity.from_secret(bytes(range(32)))
FIRST_VERSION = f"chat-tui identity 1\npublic {ALICE.public.hex()}\nsecret {ALICE.secret.hex()}\n".encode()
# As files were written: they are to be readable for ever.
PLAIN = FIRST_VERSION + b"check 5faf2959c19edb5b\n"
SEALED = b"""chat-tui identity 2
public 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8
argon2id 1 1 8 40772687e3bb176969077943444ad8eb
sealed 86dbdb15d61693512035327e35a949b9ef22f256212564659c256c3b48805149b8b038c95fe455cfbb7c978412449501
check 45bc71b92d1f6637
"""
WORDS = "plaza coffee umbrella"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "alice"
    folder.mkdir(mode=0o700)
    return folder / "identity.key"


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def test_a_key_is_made_once_and_closed_to_others(path: Path) -> None:
    first = read_or_create(path)
    assert read_or_create(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["identity.key"]


@pytest.mark.usefixtures("no_links")
def test_a_key_is_made_where_a_file_has_one_name(path: Path) -> None:
    first = read_or_create(path)
    assert read_or_create(path) == first
    assert [item.name for item in path.parent.iterdir()] == ["identity.key"]


def test_a_key_that_is_read_signs_as_the_one_that_was_made(path: Path) -> None:
    made, later = read_or_create(path).unlock(), read(path).unlock()
    assert verify(made.public, b"message", later.sign(b"message"))


def test_files_of_every_kind_stay_readable() -> None:
    for content in (FIRST_VERSION, PLAIN, SEALED):
        key = KeyFile.decode(content, "here")
        assert key.public == ALICE.public
        assert key.unlock(WORDS).secret == ALICE.secret
        assert key.has_passphrase == (content is SEALED)
    assert KeyFile.plain(ALICE).encode() == PLAIN
    assert KeyFile.decode(SEALED, "here").encode() == SEALED


def test_the_cost_of_guessing_is_the_recommended_one() -> None:
    key = KeyFile.sealed(ALICE, WORDS)
    assert isinstance(key.secret, Sealed)
    assert key.secret.cost == COST == Cost(3, 4, 65536)
    assert key.unlock(WORDS).secret == ALICE.secret


@given(st.binary(min_size=32, max_size=32), st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_a_secret_opens_with_its_passphrase_alone(secret: bytes, passphrase: str, other: str) -> None:
    identity = Identity.from_secret(secret)
    key = KeyFile.decode(KeyFile.sealed(identity, passphrase, CHEAP).encode(), "here")
    assert key.unlock(passphrase).secret == secret
    wrong = passphrase + "x" if other == passphrase else passphrase + other
    if wrong != passphrase:
        with pytest.raises(WrongPassphraseError):
            key.unlock(wrong)


def test_how_an_accent_is_composed_does_not_matter() -> None:
    assert KeyFile.sealed(ALICE, "Zoe\u0308", CHEAP).unlock("Zo\u00eb").secret == ALICE.secret


def test_two_sealings_of_one_key_have_nothing_in_common() -> None:
    left, right = (KeyFile.sealed(ALICE, WORDS, CHEAP).secret for _ in range(2))
    assert isinstance(left, Sealed)
    assert isinstance(right, Sealed)
    assert left.salt != right.salt
    assert left.sealed != right.sealed


def test_neither_secret_nor_sealing_is_shown_by_accident() -> None:
    assert ALICE.secret.hex() not in repr(KeyFile.plain(ALICE)) + repr(ALICE)
    assert repr(ALICE.secret) not in repr(KeyFile.plain(ALICE)) + repr(ALICE)


@pytest.mark.parametrize("content", [PLAIN, SEALED], ids=["plain", "sealed"])
def test_no_byte_can_be_changed(content: bytes) -> None:
    for place in range(len(content)):
        for flipped in (1, 0x20, 0x80):
            changed = content[:place] + bytes([content[place] ^ flipped]) + content[place + 1 :]
            with pytest.raises(IdentityError, match=r"damaged|newer"):
                KeyFile.decode(changed, "here")
    for length in set(range(len(content))) - {len(FIRST_VERSION)}:
        with pytest.raises(IdentityError, match="damaged"):
            KeyFile.decode(content[:length], "here")


def test_whoever_corrects_the_check_cannot_change_what_is_sealed() -> None:
    key = KeyFile.sealed(ALICE, WORDS, CHEAP)
    sealed = key.secret
    assert isinstance(sealed, Sealed)
    other = Identity.generate().public
    for changed in (
        KeyFile(other, sealed),
        KeyFile(key.public, Sealed(Cost(2, 1, 8), sealed.salt, sealed.sealed)),
        KeyFile(key.public, Sealed(Cost(1, 1, 16), sealed.salt, sealed.sealed)),
        KeyFile(key.public, Sealed(sealed.cost, bytes(16), sealed.sealed)),
        *(KeyFile(key.public, Sealed(CHEAP, sealed.salt, flip(sealed.sealed, n))) for n in range(48)),
    ):
        with pytest.raises(WrongPassphraseError):
            KeyFile.decode(changed.encode(), "here").unlock(WORDS)


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "cost",
    [Cost(0, 1, 8), Cost(101, 1, 8), Cost(1, 0, 8), Cost(1, 65, 1024), Cost(1, 2, 15), Cost(1, 1, 2**21 + 1)],
)
def test_a_file_cannot_make_this_computer_work_for_hours(cost: Cost) -> None:
    with pytest.raises(IdentityError, match="damaged"):
        KeyFile.decode(KeyFile(ALICE.public, Sealed(cost, bytes(16), bytes(48))).encode(), "here")


def test_keys_that_do_not_belong_together_are_damage(path: Path) -> None:
    write(path, KeyFile(ALICE.public, bytes(32)).encode())
    with pytest.raises(IdentityError, match="do not belong together"):
        read_sound(path)


@pytest.mark.parametrize(
    "content", [b"", b"x", b"chat-tui identity 1\npublic 00\n", b"\xff" * 150, b"0" * MAX_BYTES * 9]
)
def test_a_damaged_key_file_is_one_sentence_and_stays(path: Path, content: bytes) -> None:
    write(path, content)
    with pytest.raises(IdentityError, match="damaged"):
        read_or_create(path)
    assert path.read_bytes() == content


def test_a_newer_key_file_is_told_from_a_damaged_one(path: Path) -> None:
    write(path, PLAIN.replace(b"identity 1", b"identity 3"))
    with pytest.raises(IdentityError, match="newer"):
        read(path)


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o777])
def test_a_key_file_that_others_can_use_is_refused(path: Path, mode: int) -> None:
    write(path, PLAIN, mode)
    with pytest.raises(IdentityError, match=f"chmod 600 {path}"):
        read(path)


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_can_write_in_is_refused(path: Path, mode: int) -> None:
    write(path, PLAIN)
    path.parent.chmod(mode)
    with pytest.raises(IdentityError, match=f"chmod 700 {path.parent}"):
        read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_refused(path: Path) -> None:
    write(path, PLAIN)
    os.chown(path, 12345, -1)
    with pytest.raises(IdentityError, match=r"key file .* belongs to another user .* chown 0"):
        read(path)
    os.chown(path, 0, -1)
    os.chown(path.parent, 12345, -1)
    with pytest.raises(IdentityError, match=r"folder .* belongs to another user"):
        read(path)


def test_a_pipe_in_place_of_a_key_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(IdentityError, match="no regular file"):
        read(path)


def test_a_key_is_replaced_whole_and_closed_and_leaves_nothing_behind(path: Path) -> None:
    write(path, PLAIN)
    (path.parent / f".unfinished-{path.name}-abc").write_bytes(PLAIN)  # an earlier attempt was killed
    replace(path, KeyFile.sealed(ALICE, WORDS, CHEAP))
    assert read(path).unlock(WORDS).secret == ALICE.secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["identity.key"]


def test_who_reads_while_a_key_is_replaced_gets_one_or_the_other(path: Path) -> None:
    write(path, PLAIN)
    enough = threading.Event()

    def replace_often() -> None:
        while not enough.is_set():
            replace(path, KeyFile.sealed(ALICE, WORDS, CHEAP))
            replace(path, KeyFile.plain(ALICE))

    replacing = threading.Thread(target=replace_often)
    replacing.start()
    kinds: list[bool] = []
    try:
        while len(kinds) < 100 or len(set(kinds)) < 2:
            key = read(path)
            assert key.unlock(WORDS).secret == ALICE.secret
            kinds.append(key.has_passphrase)
    finally:
        enough.set()
        replacing.join()


def test_a_key_behind_a_link_is_replaced_where_it_is(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere, PLAIN)
    path.symlink_to(elsewhere)
    replace(path, KeyFile.sealed(ALICE, WORDS, CHEAP))
    assert path.is_symlink()
    assert KeyFile.decode(elsewhere.read_bytes(), "there").has_passphrase


def test_what_interrupts_a_replacement_leaves_the_key_that_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, PLAIN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(IdentityError, match="stays as it was: No space"):
        replace(path, KeyFile.sealed(ALICE, WORDS, CHEAP))
    assert path.read_bytes() == PLAIN
    assert [item.name for item in path.parent.iterdir()] == ["identity.key"]
