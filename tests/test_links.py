from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links import MAX_LINKS, links
from app.text import harmless


def shown(text: str) -> list[str]:
    return [text[link.start : link.end] for link in links(text)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://x.example/a_b*c.", "https://x.example/a_b*c"),
        ("(https://x.example/Foo_(bar))", "https://x.example/Foo_(bar)"),
        ("**https://x.example**", "https://x.example"),
        ("<https://x.example>", "https://x.example"),
        ("“https://x.example”, she said", "https://x.example"),
        ("[text](https://x.example)", "https://x.example"),
        ("mailto:bob@x.example!", "mailto:bob@x.example"),
        ("HTTP://X.EXAMPLE", "HTTP://X.EXAMPLE"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_an_address_ends_where_the_sentence_goes_on(text: str, address: str) -> None:
    assert shown(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "ssh://x.example",
        "xhttp://x.example",
        "https://",
        "http://[::1",
        "mailto:nobody",
        "mailto:bob@x.example?subject=hello&Attach=/home/alice/.ssh/id_ed25519",
        "mailto:bob@x.example?%61ttachment=file:///etc/passwd",
        f"https://{'ö.' * 1000}example/",
        "https://alice@ех.example/",
        f"https://x.example/{'a' * 3000}",
        "note: nothing",
    ],
)
def test_what_is_no_address_or_leads_elsewhere_than_into_a_browser_is_text(text: str) -> None:
    assert links(text) == []


def test_a_name_in_other_letters_is_given_in_the_form_that_shows_it() -> None:
    (link,) = links("https://аpple.example/ä?q=ü")
    assert link.target == "https://xn--pple-43d.example/%C3%A4?q=%C3%BC"


def test_a_message_has_so_many_links_at_most() -> None:
    assert len(links("http://a.example " * 1000)) == MAX_LINKS


@given(st.text(st.sampled_from("ab/:?#@[]()%.\\\"'<>;\x1b\x07\x9b\u202e\u2066\ufffdéа漢 \n")), st.booleans())
def test_what_a_terminal_is_given_is_printable_ascii(text: str, made_harmless: bool) -> None:
    text = f"https://{text}"
    for link in links(harmless(text, newlines=True) if made_harmless else text):
        assert link.target.isascii()
        assert link.target.isprintable()
        assert not set(link.target) & set(" \"'<>\\`")
        assert link.target.startswith(("https://", "http://", "ftp://", "mailto:"))
