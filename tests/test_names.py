from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UsageError
from app.names import (
    MAX_NAME_BYTES,
    PeerSpec,
    is_name,
    name_key,
    parse_fingerprint,
    parse_name,
    parse_peer,
    preferred_port,
)

NAMES = (
    st.text(st.characters(categories=["L", "M", "Nd"], include_characters="-_"), min_size=1, max_size=MAX_NAME_BYTES)
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(is_name)
)
HOSTS = st.sampled_from(["localhost", "192.0.2.7", "nas.local", "::1", "fe80::1%eth0", "2001:db8::7"])
PORTS = st.none() | st.integers(1, 65535)
FINGERPRINTS = st.none() | st.binary(min_size=16, max_size=16).map(bytes.hex)


def written(peer: PeerSpec) -> str:
    fingerprint = "" if peer.fingerprint is None else f"#{peer.fingerprint}"
    if peer.host is None:
        return peer.name + fingerprint
    host = f"[{peer.host}]" if ":" in peer.host else peer.host
    return f"{peer.name}{fingerprint}@{host}" + ("" if peer.port is None else f":{peer.port}")


@pytest.mark.parametrize("name", ["alice", "Alice-2", "_", "zoë", "Зоя", "美咲", "नमस्ते", "7", "a" * 63])
def test_letters_and_digits_of_every_script_make_names(name: str) -> None:
    assert is_name(name)
    assert parse_name(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-a",
        "a.b",
        "a/b",
        "..",
        "a b",
        "a\n",
        "a\0b",
        "\u0301a",
        "a\u200db",
        "é" * 32,
        "a" * 64,
        "½",
        "a#b",
        "\udcff",
        "👩",
        "bob\u3164",
        "bob\u034f",
        "bob\ufe0f",
        "bob\U000e0101",
        "bob" + "\u0301" * 5,
    ],
)
def test_what_could_leave_a_folder_or_fool_a_reader_is_no_name(text: str) -> None:
    assert not is_name(text)
    with pytest.raises(UsageError, match="cannot be used"):
        parse_name(text)


def test_a_name_is_normalised_when_it_is_typed() -> None:
    assert parse_name("zoe\u0308") == "zo\u00eb"
    assert not is_name("zoe\u0308")


@pytest.mark.parametrize("other", ["ALICE", "Alice", "ａｌｉｃｅ"])
def test_names_are_compared_without_case_and_width(other: str) -> None:
    assert name_key(other) == name_key("alice")


@given(NAMES)
def test_the_comparison_form_is_a_fixed_point(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(("name", "port"), [("alice", 55204), ("bob", 62474), ("carol", 28064), ("Alice", 55204)])
def test_preferred_ports_are_those_of_hash_to_port(name: str, port: int) -> None:
    assert preferred_port(name) == port


@given(NAMES, NAMES)
def test_preferred_ports_need_no_privilege(name: str, room: str) -> None:
    assert 1024 <= preferred_port(name, room) <= 65534


def test_a_room_has_ports_of_its_own() -> None:
    assert preferred_port("alice", "lab") != preferred_port("alice")
    assert preferred_port("alice", "Lab") == preferred_port("Alice", "lab")


@given(NAMES, FINGERPRINTS, HOSTS, PORTS)
def test_a_peer_that_is_written_out_is_read_back(
    name: str, fingerprint: str | None, host: str, port: int | None
) -> None:
    for peer in (PeerSpec(name, fingerprint), PeerSpec(name, fingerprint, host, port)):
        assert parse_peer(written(peer)) == peer


@given(st.text() | st.text(st.sampled_from("ab-#@:[]1.é")))
def test_any_text_is_a_peer_that_can_be_written_out_or_a_usage_error(text: str) -> None:
    try:
        peer = parse_peer(text)
    except UsageError:
        return
    assert parse_peer(written(peer)) == peer


@given(st.text())
def test_an_error_quotes_what_was_typed_without_control_characters(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_peer(text + "#not-hexadecimal")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("bob@", "no host name"),
        ("bob@host:", "port must be a number"),
        ("bob@host:0", "port must be a number from 1 to 65535"),
        ("bob@host:65536", "port must be a number"),
        ("bob@host:１", "port must be a number"),
        ("bob@::1", r"in brackets: NAME@\[::1\]"),
        ("bob@[::1", "no host name|in brackets"),
        ("bob@[1.2.3.4]", "no IPv6 address"),
        ("bob@-x", "no host name"),
        ("bob@a b", "no host name"),
        ("bob#12", "32 hexadecimal digits"),
        ("#12", "cannot be used"),
        ("@host", "cannot be used"),
    ],
)
def test_a_wrong_peer_is_told_what_is_wrong(text: str, help_: str) -> None:
    with pytest.raises(UsageError, match=help_):
        parse_peer(text)


def test_fingerprints_may_be_grouped() -> None:
    digits = "0123456789abcdef" * 2
    assert parse_fingerprint("0123-4567-89AB-CDEF:0123 4567 89ab cdef") == digits
