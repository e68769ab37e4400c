"""A session: handshake, admission, numbering, liveness, and that no peer can make it raise."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.frontier import Head
from app.replication import frames
from app.replication.events import (
    Admitted,
    Authenticated,
    Closed,
    Event,
    HavesReceived,
    HeadsReceived,
    RunsReceived,
    Waiting,
    Want,
    WantReceived,
)
from app.replication.frames import ByeReason
from app.replication.handshake import RemotePeer
from app.replication.numbering import MAX_FEEDS
from app.replication.session import (
    DEAD_AFTER_SECONDS,
    HANDSHAKE_SECONDS,
    PING_AFTER_SECONDS,
    Role,
    Session,
    State,
)
from tests.feeds import TestAuthor
from tests.replication.pairs import BINDING, Pair, hello_of, identity_of, session_of


def closed(events: list[Event]) -> Closed:
    found = [event for event in events if isinstance(event, Closed)]
    assert len(found) == 1, events
    return found[0]


def meet(client: Session, server: Session) -> tuple[list[Event], list[Event]]:
    pair = Pair(client, server)
    pair.exchange_bytes()
    return pair.events[client], pair.events[server]


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_two_who_admit_each_other_know_each_other_however_the_bytes_are_split(seed: int) -> None:
    pair = Pair(session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER), seed=seed)

    pair.exchange_bytes()

    bob, alice = hello_of("bob"), hello_of("alice")
    remote_bob = RemotePeer(bob.identity.public, bob.node, bob.run, "bob", "main", 1)
    remote_alice = RemotePeer(alice.identity.public, alice.node, alice.run, "alice", "main", 1)
    assert pair.events[pair.client] == [Authenticated(remote_bob), Admitted()]
    assert pair.events[pair.server] == [Authenticated(remote_alice), Admitted()]


def test_somebody_in_the_middle_has_another_channel_and_is_found_out() -> None:
    _, events = meet(session_of("alice", Role.CLIENT, binding=bytes(32)), session_of("bob", Role.SERVER))

    assert closed(events).reason is ByeReason.RULE_BROKEN
    assert not any(isinstance(event, Authenticated) for event in events)


def test_the_other_is_told_why_it_was_not_believed() -> None:
    events, _ = meet(session_of("alice", Role.CLIENT, binding=bytes(32)), session_of("bob", Role.SERVER))

    assert closed(events) == Closed(
        ByeReason.RULE_BROKEN, "the other side could not prove who it is; somebody may be in the middle", True
    )


def test_rooms_do_not_mix() -> None:
    events, others = meet(session_of("alice", Role.CLIENT, room="garden"), session_of("bob", Role.SERVER))

    assert closed(events).reason is ByeReason.ANOTHER_ROOM
    assert closed(others) == Closed(ByeReason.ANOTHER_ROOM, "in another room", False)


def test_a_node_that_meets_itself_says_so() -> None:
    _, events = meet(session_of("alice", Role.CLIENT), session_of("alice", Role.SERVER))

    assert closed(events).reason is ByeReason.SELF


def test_two_nodes_of_one_author_can_talk() -> None:
    other = Session(Role.SERVER, hello_of("alice", node=bytes(16)), BINDING, nonce=bytes(32), now=0.0)

    events, _ = meet(session_of("alice", Role.CLIENT), other)

    assert Admitted() in events


def test_without_a_common_version_there_is_no_session() -> None:
    alice = hello_of("alice")
    hello = frames.Hello((2, 3), "tls", alice.identity.public, alice.node, alice.run, "alice", "main", bytes(32))
    bob = session_of("bob", Role.SERVER)

    assert closed(bob.receive(frames.encode(hello), 0.0)).reason is ByeReason.NO_COMMON_VERSION


def test_a_key_for_which_anybody_can_sign_is_refused() -> None:
    alice = hello_of("alice")
    weak = (1).to_bytes(32, "little")
    hello = frames.Hello((1,), "tls", weak, alice.node, alice.run, "alice", "main", bytes(32))
    bob = session_of("bob", Role.SERVER)

    assert closed(bob.receive(frames.encode(hello), 0.0)).reason is ByeReason.RULE_BROKEN


def test_a_proof_cannot_be_replayed_on_another_connection() -> None:
    alice, bob = session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER)
    hello = alice.take_output()
    bob.receive(hello, 0.0)
    alice.receive(bob.take_output(), 0.0)
    proof = alice.take_output()
    bob_again = Session(Role.SERVER, hello_of("bob"), BINDING, nonce=b"another nonce".ljust(32), now=0.0)

    events = bob_again.receive(hello + proof, 0.0)

    assert closed(events).reason is ByeReason.RULE_BROKEN


def test_a_proof_is_not_good_for_the_other_role() -> None:
    alice, bob = session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER)
    bob.receive(alice.take_output(), 0.0)
    alice.receive(bob.take_output(), 0.0)
    proof = alice.take_output()

    events = alice.receive(proof, 0.0)

    assert closed(events).reason is ByeReason.RULE_BROKEN


def test_who_is_not_admitted_yet_waits_and_is_admitted_later() -> None:
    pair = Pair(session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER), admit=False)
    pair.exchange_bytes()
    pair.client.admit(True)
    pair.server.admit(False)
    pair.exchange_bytes()
    assert pair.take_events(pair.client)[-1] == Waiting()

    pair.server.admit(True)
    pair.exchange_bytes()

    assert pair.take_events(pair.client) == [Admitted()]
    assert Admitted() in pair.take_events(pair.server)


def test_nothing_is_announced_to_who_is_not_admitted() -> None:
    pair = Pair(session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER), admit=False)
    pair.exchange_bytes()
    pair.server.admit(False)
    pair.exchange_bytes()

    pair.server.announce([(bytes(32), Head(1, 5, bytes(32)))], True)

    assert pair.server.output_size == 0


def test_a_stranger_cannot_make_us_buffer_a_large_frame() -> None:
    bob = session_of("bob", Role.SERVER)

    events = bob.receive((frames.MAX_FRAME_BEFORE_ADMISSION + 1).to_bytes(4), 0.0)

    assert closed(events).reason is ByeReason.RULE_BROKEN


def test_an_admitted_peer_cannot_make_us_buffer_more_than_a_frame() -> None:
    pair = Pair.of()

    events = pair.server.receive((frames.MAX_FRAME + 1).to_bytes(4), 0.0)

    assert closed(events).reason is ByeReason.RULE_BROKEN


@pytest.mark.parametrize(
    "frame",
    [
        frames.Auth(bytes(64)),
        frames.Admit(True),
        frames.Ping(1),
        frames.Heads((), True),
        frames.WantFrame(1, (frames.NumberedRange(0, 1, 1),)),
    ],
)
def test_nothing_stands_before_a_hello(frame: frames.Frame) -> None:
    bob = session_of("bob", Role.SERVER)

    assert closed(bob.receive(frames.encode(frame), 0.0)).reason is ByeReason.RULE_BROKEN


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(frames.Admit(True), id="admitted twice"),
        pytest.param(frames.Auth(bytes(64)), id="a second proof"),
        pytest.param(frames.Have(((0, Head(1, 1, bytes(16))),)), id="a number that was not introduced"),
        pytest.param(frames.WantFrame(1, (frames.NumberedRange(0, 1, 1),)), id="a want for what was not introduced"),
        pytest.param(frames.RunsFrame(1, (), True), id="an answer to nothing"),
        pytest.param(
            frames.Heads(((bytes(32), Head(1, 1, bytes(16))), (bytes(32), Head(1, 1, bytes(16)))), True),
            id="a feed introduced twice",
        ),
    ],
)
def test_a_frame_out_of_place_ends_the_session(frame: frames.Frame) -> None:
    pair = Pair.of()

    events = pair.server.receive(frames.encode(frame), 0.0)

    assert closed(events).reason is ByeReason.RULE_BROKEN
    assert pair.server.closed


def test_the_number_of_feeds_is_bounded_on_both_sides() -> None:
    pair = Pair.of()
    feeds = [(number.to_bytes(32), Head(1, 1, bytes(32))) for number in range(MAX_FEEDS + 5)]

    pair.client.announce(feeds, True)
    pair.exchange_bytes()

    events = pair.take_events(pair.server)
    assert sum(len(event.heads) for event in events if isinstance(event, HeadsReceived)) == MAX_FEEDS
    extra = frames.encode(frames.Heads(((b"x" * 32, Head(1, 1, bytes(16))),), True))
    assert closed(pair.server.receive(extra, 0.0)).reason is ByeReason.RULE_BROKEN


def test_feeds_are_introduced_once_and_named_by_number_after_that() -> None:
    pair = Pair.of()
    head = Head(1, 5, bytes(32))
    first, second = b"1" * 32, b"2" * 32

    pair.client.announce([(first, head)], True)
    pair.client.announce([(second, head), (first, Head(1, 6, bytes(32)))], True)
    pair.exchange_bytes()

    short = Head(1, 5, bytes(16))
    assert pair.take_events(pair.server) == [
        HeadsReceived(((first, short),), True),
        HavesReceived(((first, Head(1, 6, bytes(16))),)),
        HeadsReceived(((second, short),), True),
    ]


def test_a_have_takes_less_than_a_head() -> None:
    pair = Pair.of()
    pair.client.announce([(b"1" * 32, Head(1, 500, bytes(32)))], True)
    introduction = pair.client.output_size
    pair.client.take_output()

    pair.client.announce([(b"1" * 32, Head(1, 501, bytes(32)))], True)

    assert introduction <= 64
    assert pair.client.output_size <= 32


def test_only_the_last_of_the_first_heads_is_complete() -> None:
    pair = Pair.of()
    heads = [(number.to_bytes(32), Head(1, 1, bytes(32))) for number in range(3_000)]

    pair.client.announce(heads[:1_000], False)
    pair.client.announce(heads[1_000:], True)
    pair.exchange_bytes()

    received = [event for event in pair.take_events(pair.server) if isinstance(event, HeadsReceived)]
    assert [head[0] for event in received for head in event.heads] == [head[0] for head in heads]
    assert [event.complete for event in received] == [False] * (len(received) - 1) + [True]


def test_a_node_without_feeds_says_that_it_has_none() -> None:
    pair = Pair.of()

    pair.client.announce([], True)
    pair.exchange_bytes()

    assert pair.take_events(pair.server) == [HeadsReceived((), True)]


@given(st.integers(0, 10_000))
@settings(max_examples=10)
def test_wants_and_runs_arrive_whole_however_the_bytes_are_split(seed: int) -> None:
    carol = TestAuthor("carol")
    carol.entries(["x" * 9_000] * 30)
    pair = Pair.of(seed=seed)
    pair.server.announce([(carol.feed, carol.head)], True)
    pair.exchange_bytes()
    pair.take_events(pair.client)

    identifier = pair.client.want([Want(carol.feed, 1, 31)])
    pair.exchange_bytes()
    assert pair.take_events(pair.server) == [WantReceived(identifier, (Want(carol.feed, 1, 31),))]
    pair.server.send_runs(identifier, carol.runs(), True)
    pair.exchange_bytes()

    answers = [event for event in pair.take_events(pair.client) if isinstance(event, RunsReceived)]
    assert [run for answer in answers for run in answer.runs] == carol.runs()
    assert [answer.end for answer in answers] == [False] * (len(answers) - 1) + [True]


def test_a_want_that_cannot_be_served_gets_an_empty_answer() -> None:
    pair = Pair.of()
    pair.server.announce([(bytes(32), Head(1, 1, bytes(32)))], True)
    pair.exchange_bytes()
    pair.take_events(pair.client)
    identifier = pair.client.want([Want(bytes(32), 1, 1)])

    pair.server.send_runs(identifier, [], True)
    pair.exchange_bytes()

    [answer] = pair.take_events(pair.client)
    assert isinstance(answer, RunsReceived)
    assert (answer.id, answer.runs, answer.end) == (identifier, (), True)


def test_an_unfinished_handshake_ends_after_its_time() -> None:
    bob = session_of("bob", Role.SERVER)

    assert bob.deadline() == HANDSHAKE_SECONDS
    assert bob.timer(HANDSHAKE_SECONDS - 0.1) == []
    assert closed(bob.timer(HANDSHAKE_SECONDS)).reason is ByeReason.TIMED_OUT


def test_a_ping_is_sent_after_silence_and_answered() -> None:
    pair = Pair.of()
    assert pair.client.deadline() == PING_AFTER_SECONDS

    assert pair.client.timer(5.0) == []
    assert pair.client.output_size > 0
    pair.exchange_bytes(now=5.0)

    assert pair.client.deadline() == 5.0 + PING_AFTER_SECONDS
    assert pair.take_events(pair.client) == []


def test_a_peer_that_is_silent_too_long_is_given_up() -> None:
    pair = Pair.of()
    pair.client.timer(5.0)
    pair.client.take_output()

    assert pair.client.timer(DEAD_AFTER_SECONDS - 0.1) == []
    assert closed(pair.client.timer(DEAD_AFTER_SECONDS)) == Closed(
        ByeReason.TIMED_OUT, "nothing heard for too long", False
    )


def test_any_byte_is_life() -> None:
    pair = Pair.of()
    pair.client.timer(5.0)

    pair.client.receive(b"\x00", 14.9)

    assert pair.client.timer(15.0) == []
    assert pair.client.timer(28.0) == []


def test_a_program_that_was_stopped_asks_before_it_gives_up() -> None:
    pair = Pair.of()

    assert pair.client.timer(1_000.0) == []
    pair.exchange_bytes(now=1_000.1)

    assert pair.client.timer(1_001.0) == []
    assert pair.client.state is State.OPEN


def test_who_only_listens_still_gives_signs_of_life() -> None:
    pair = Pair.of()
    said = b""
    for second in range(1, 20):
        pair.client.receive(frames.encode(frames.Pong(0)), float(second))
        pair.client.timer(float(second))
        said += pair.client.take_output()

    assert said == b"".join(frames.encode(frames.Ping(n)) for n in (1, 2, 3))


def test_unread_answers_to_pings_take_no_memory() -> None:
    pair = Pair.of()
    pings = b"".join(frames.encode(frames.Ping(n)) for n in range(1_000))

    for _ in range(20):
        pair.server.receive(pings, 0.0)

    assert pair.server.output_size < 64
    assert pair.server.take_output() == frames.encode(frames.Pong(999))


def test_a_goodbye_carries_its_reason() -> None:
    pair = Pair.of()

    pair.client.goodbye(ByeReason.LEAVING)
    pair.exchange_bytes()

    assert pair.take_events(pair.server) == [Closed(ByeReason.LEAVING, "leaving", True)]
    assert pair.client.closed
    assert pair.client.receive(b"anything", 1.0) == []
    assert pair.client.deadline() is None


def test_a_cut_connection_is_no_goodbye() -> None:
    pair = Pair.of()

    assert closed(pair.server.receive_eof(0.0)) == Closed(None, "the connection was cut", True)
    assert pair.server.receive_eof(0.0) == []


@given(st.lists(st.binary(max_size=300), max_size=5), st.sampled_from(["fresh", "met", "open"]))
def test_no_bytes_make_a_session_raise(parts: list[bytes], stage: str) -> None:
    bob = session_of("bob", Role.SERVER)
    if stage == "met":
        bob.receive(session_of("alice", Role.CLIENT).take_output(), 0.0)
    elif stage == "open":
        bob = Pair.of().server

    for part in parts:
        bob.receive(part, 1.0)

    bob.timer(20.0)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**64 - 1) | st.sampled_from([bytes(n) for n in (8, 16, 32, 64)]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(st.tuples(st.integers(0, 12), st.lists(plain, max_size=4)), max_size=4))
@settings(max_examples=200)
def test_no_frames_make_a_session_raise(sequence: list[tuple[int, list[object]]]) -> None:
    bob = Pair.of().server

    for kind, fields in sequence:
        body = cbor2.dumps([kind, *fields])
        bob.receive(len(body).to_bytes(4) + body, 1.0)


def test_a_name_in_a_hello_is_only_a_claim_until_the_proof() -> None:
    bob = session_of("bob", Role.SERVER)

    events = bob.receive(session_of("alice", Role.CLIENT).take_output(), 0.0)

    assert events == []
    assert bob.remote is not None
    assert bob.remote.key == identity_of("alice").public
    assert bob.state is State.AUTH
