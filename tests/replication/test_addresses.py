"""Which address may be dialled from, and what is listened at."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack

import pytest

from app.names import PeerSpec
from app.replication.addresses import (
    LocalAddress,
    local_addresses,
    normal_address,
    open_listeners,
    source_for,
)
from app.replication.candidate import Address
from app.replication.mesh_dialler import SelfConnectionError, connect

LOOPBACK = LocalAddress("127.0.0.1", 8, "lo", up=True)
LOOPBACK_6 = LocalAddress("::1", 128, "lo", up=True)
LAN = LocalAddress("192.0.2.5", 24, "eth0", up=True)
LINK = LocalAddress("fe80::5%2", 64, "eth0", up=True)
VPN = LocalAddress("198.51.100.5", 24, "tun0", up=True)
HERE = [LOOPBACK, LOOPBACK_6, LAN, LINK, VPN]


@pytest.mark.parametrize(
    ("chosen", "target", "source"),
    [
        (LOOPBACK, "127.0.0.1", LOOPBACK),
        (LOOPBACK, "127.3.2.1", LOOPBACK),
        (LOOPBACK, "192.0.2.5", None),  # this computer, but by an address that was not chosen
        (LOOPBACK, "192.0.2.9", None),
        (LOOPBACK, "203.0.113.1", None),
        (LOOPBACK, "::1", None),
        (LOOPBACK_6, "::1", LOOPBACK_6),
        (LAN, "192.0.2.9", LAN),
        (LAN, "203.0.113.1", LAN),  # through a router
        (LAN, "198.51.100.9", None),  # a neighbour on the network that was not chosen
        (LAN, "127.0.0.1", None),
        (LAN, "fe80::9%2", None),
        (LINK, "fe80::9%2", LINK),
        (LINK, "fe80::9%3", None),
        (LINK, "2001:db8::1", None),
    ],
)
def test_nothing_is_dialled_that_the_chosen_address_does_not_lead_to(
    chosen: LocalAddress, target: str, source: LocalAddress | None
) -> None:
    assert source_for(target, [chosen.ip], HERE) == (None if source is None else source.ip)


def test_of_several_chosen_addresses_the_one_on_the_same_network_is_taken() -> None:
    assert source_for("192.0.2.9", [VPN.ip, LAN.ip], HERE) == LAN.ip


def test_an_address_that_is_gone_leads_nowhere() -> None:
    assert source_for("192.0.2.9", [LAN.ip], [LOOPBACK]) is None


def test_this_computer_has_loopback() -> None:
    assert any(address.is_loopback for address in local_addresses())


def test_a_zone_may_be_given_by_the_name_of_the_interface() -> None:
    index = socket.if_nametoindex("lo")
    assert normal_address("fe80::0005%lo") == f"fe80::5%{index}"
    assert normal_address("FE80::5%no-such-interface") == "fe80::5%no-such-interface"


def test_all_chosen_addresses_are_listened_at_with_one_port_and_missing_ones_left_out() -> None:
    with ExitStack() as stack:
        listeners = open_listeners(["127.0.0.1", "203.0.113.77", "127.0.0.2"], 0)
        names = [stack.enter_context(listener).getsockname() for listener in listeners]
        assert [name[0] for name in names] == ["127.0.0.1", "127.0.0.2"]
        assert len({name[1] for name in names}) == 1


def test_a_port_that_is_taken_on_one_of_them_is_an_error_and_nothing_stays_open() -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use") as caught:
            open_listeners(["127.0.0.1", "127.0.0.2"], port)
        assert caught.value.errno == errno.EADDRINUSE
        socket.create_server(("127.0.0.1", port)).close()


async def test_a_name_is_looked_up_and_dialled() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (await connect(Address("localhost", port), ["127.0.0.1"], [LOOPBACK])).close()


async def test_with_only_loopback_chosen_no_name_is_asked_for_elsewhere() -> None:
    with pytest.raises(OSError, match="no address that can be dialled"):
        await connect(Address("bob.example", 4000), ["127.0.0.1"], [LOOPBACK])


async def test_tcp_that_meets_itself_is_closed() -> None:
    # Linux dials from even ports while there are any.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1] // 2 * 2
    with socket.create_server(("127.0.0.1", port)):
        closed_port = Address("127.0.0.1", port)
    for _ in range(200_000):  # the kernel picks the port that is dialled within some ten thousand attempts
        try:
            (await connect(closed_port, [], [LOOPBACK])).close()
        except SelfConnectionError:
            return
        except OSError:
            continue
    pytest.fail("no connection met itself")


def test_addresses_are_written_as_a_person_types_them() -> None:
    assert str(Address("192.0.2.5", 4000)) == "192.0.2.5:4000"
    assert str(Address("fe80::5%2", 4000)) == "[fe80::5%2]:4000"
    assert PeerSpec("bob", host="::1").host == "::1"
