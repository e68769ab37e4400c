"""The peer bar's folding and the commands, without a screen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.commands import COMMANDS, Hint, Run, Say, read
from app.status import PeerPhase, PeerStatus
from app.widgets.orders import Orders
from app.widgets.peer_bar import fold, progress

PEERS = [
    PeerStatus("bob", PeerPhase.CONNECTED),
    PeerStatus("carol", PeerPhase.CONNECTING),
    PeerStatus("dave", PeerPhase.CONNECTED),
]


def moment(time: int) -> str:
    return f"moment {time}"


def shown(peers: list[PeerStatus], width: int) -> list[str]:
    return [text for text, _ in fold(peers, width, moment)]


def test_each_peer_has_a_sign_and_a_word_where_there_is_room() -> None:
    assert shown(PEERS, 60) == ["● bob connected", "○ carol looking", "● dave connected"]


def test_another_device_of_mine_is_called_so() -> None:
    mine = PeerStatus("alice", PeerPhase.CONNECTED, own=True)
    assert shown([mine], 60) == ["● alice (my other device) connected"]


def test_it_says_how_far_a_long_transfer_has_come_and_how_fast() -> None:
    bob = PeerStatus("bob", PeerPhase.CONNECTED, missing=45_120, total=60_000, rate=12_300.4)
    assert shown([bob], 80) == ["● bob connected, 45,120 to get █░░░░░ 24 % 12,300/s"]


def test_a_long_transfer_is_told_of_where_there_is_less_room_too() -> None:
    bob = PeerStatus("bob", PeerPhase.CONNECTED, missing=45_120, lacking=3, total=60_000, rate=12_300.4)
    carol = PeerStatus("carol", PeerPhase.CONNECTED, lacking=45_120, total=60_000)
    assert shown([bob, carol], 80) == ["● bob 45,120 to get █░░░░░ 24 % 12,300/s", "● carol 45,120 to give █░░░░░ 24 %"]
    assert shown([bob, carol], 70) == ["● bob 45,120 to get 24 % 12,300/s", "● carol 45,120 to give 24 %"]
    assert shown([bob, carol], 50) == ["● bob 45,120 to get", "● carol 45,120 to give"]
    assert shown([bob, carol], 40) == ["● ahead: bob", "● behind: carol"]


def test_what_is_exchanged_in_a_moment_changes_no_word() -> None:
    bob = PeerStatus("bob", PeerPhase.CONNECTED, missing=1)
    assert shown([bob], 20) == ["● bob connected"]


def test_it_says_since_when_somebody_is_gone() -> None:
    assert shown([PeerStatus("bob", PeerPhase.LOST, seen=5)], 60) == ["– bob lost since moment 5"]
    assert shown([PeerStatus("bob", PeerPhase.CONNECTING, seen=5)], 60) == ["○ bob looking, last here moment 5"]


def test_who_was_found_is_dialled() -> None:
    assert shown([PeerStatus("bob", PeerPhase.CONNECTING, dialling=True)], 60) == ["○ bob dialling"]


@given(st.integers(0, 10**7), st.integers(1, 10**7), st.integers(1, 40))
def test_a_progress_bar_has_its_width_whatever_is_claimed(missing: int, total: int, cells: int) -> None:
    bar = progress(PeerStatus("bob", PeerPhase.CONNECTED, missing=missing, total=total), cells)
    assert sum(bar.count(sign) for sign in "█░") == cells


def test_who_knocks_is_told_from_who_has_to_let_me_in() -> None:
    knocking = [PeerStatus("bob", PeerPhase.KNOCKING, waits=True), PeerStatus("carol", PeerPhase.KNOCKING)]
    assert shown(knocking, 60) == ["? bob has to let you in", "? carol knocking"]
    assert shown(knocking, 40) == ["? 1 has to let you in", "? 1 knocking"]


def test_peers_share_a_word_where_there_is_less_room() -> None:
    assert shown(PEERS, 45) == ["● connected: bob, dave", "○ looking: carol"]


def test_peers_are_counted_where_there_is_little_room() -> None:
    assert shown(PEERS, 38) == ["● 2 connected", "○ 1 looking"]


@given(st.lists(st.builds(PeerStatus, st.text(min_size=1), st.sampled_from(PeerPhase))), st.integers(0, 100))
def test_the_peer_bar_never_overflows(peers: list[PeerStatus], width: int) -> None:
    pieces = shown(peers, width)
    assert sum(map(cell_len, pieces)) + 2 * (len(pieces) - 1) <= max(width, 0) or not pieces


def test_commands_are_told_from_messages() -> None:
    assert read("hello /quit") == Say("hello /quit")
    named = {command.name: command for command in COMMANDS}
    assert read("/quit") == Run(named["quit"], "")
    assert read("/peers ") == Run(named["peers"], "")
    assert read("/search two  words ") == Run(named["search"], "two  words")
    assert isinstance(read("/quit now"), Hint)
    assert read("//quit") == Say("/quit")
    assert isinstance(read("/usr/bin"), Hint)
    assert isinstance(read("/"), Hint)


def test_every_command_of_the_list_is_carried_out() -> None:
    assert [command.name for command in COMMANDS if not hasattr(Orders, f"command_{command.name}")] == []
