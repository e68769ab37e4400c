"""What is pasted never becomes keys, wherever the reads cut it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.pastes import MAX_PASTE, Pasted, Pastes, Typed

BEGIN, END = "\x1b[200~", "\x1b[201~"


def parts(pieces: list[str]) -> list[Typed | Pasted]:
    """What comes out, with what was typed in one go joined."""
    pastes = Pastes()
    joined: list[Typed | Pasted] = []
    for part in [part for piece in pieces for part in pastes.feed(piece)] + list(pastes.release()):
        if joined and isinstance(part, Typed) and isinstance(joined[-1], Typed):
            joined[-1] = Typed(joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined


def test_an_escape_character_in_a_paste_is_pasted() -> None:
    assert parts([f"a{BEGIN}one\x1b[31m\r\x11two{END}b"]) == [Typed("a"), Pasted("one\x1b[31m\r\x11two"), Typed("b")]


def test_a_beginning_within_a_paste_is_pasted() -> None:
    assert parts([f"{BEGIN}one{BEGIN}two{END}"]) == [Pasted(f"one{BEGIN}two")]


def test_a_key_that_begins_like_a_paste_is_typed_once_nothing_follows() -> None:
    pastes = Pastes()
    assert list(pastes.feed("\x1b")) == []
    assert pastes.waits
    assert list(pastes.release()) == [Typed("\x1b")]
    assert not pastes.waits


def test_a_paste_that_pauses_is_not_ended_by_that() -> None:
    pastes = Pastes()
    assert list(pastes.feed(f"{BEGIN}one\x1b[20")) == []
    assert list(pastes.release()) == []
    assert list(pastes.feed(f"1~{BEGIN}{END}")) == [Pasted("one"), Pasted("")]


def test_no_more_is_kept_of_a_paste_than_any_place_takes() -> None:
    (pasted,) = parts([BEGIN, *["x" * 300_000] * 5, END])
    assert pasted == Pasted("x" * MAX_PASTE)


@given(st.lists(st.sampled_from(["a", "\r", "\x1b", "[", "20", "1~", "0~", BEGIN, END]), max_size=30), st.data())
def test_it_does_not_matter_where_the_reads_cut(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    cut = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    cuts = [text[low:high] for low, high in zip([0, *cut], [*cut, len(text)], strict=True)]
    assert parts(cuts) == parts([text])
