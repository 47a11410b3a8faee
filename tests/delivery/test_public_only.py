"""A channel that was made over the API reaches nothing in a private network, however the address is written."""

import asyncio
import socket

import pytest

from seestackd.clock import Clock
from seestackd.core.incidents import AlertKind
from seestackd.delivery.apprise_sender import AppriseSender, Sent
from seestackd.delivery.channels import Channel
from seestackd.delivery.examples import EXAMPLES
from seestackd.delivery.messages import render
from seestackd.delivery.public_only import NotPublic, is_public, public_connections
from tests.delivery.receivers import mail_server, webhook
from tests.rows import rows

MESSAGE = render("alert-id", AlertKind.TEST, EXAMPLES[AlertKind.TEST], public_url=None, at=0)


async def send(url: str, *, allow_private: bool = False) -> Sent:
    channel = Channel("theirs", url, 3.0, allow_private=allow_private)
    return await asyncio.to_thread(AppriseSender(Clock()).send, channel, MESSAGE)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0"]
)
async def test_no_way_to_write_this_machine_gets_a_message_there(host: str) -> None:
    async with webhook() as hook:
        sent = await send(f"json://{host}:{hook.port}/hook")
        own = await send(f"json://127.0.0.1:{hook.port}/hook", allow_private=True)
    assert not sent.ok
    assert own.ok
    assert len(hook.seen) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_it_says_why_and_what_to_do(host: str) -> None:
    async with webhook() as hook:
        sent = await send(f"json://{host}:{hook.port}/hook")
    assert sent.error == "this channel may not reach an address of a private network; put it into the settings instead"


async def test_no_mail_goes_to_a_private_address_either() -> None:
    async with mail_server() as mailbox:
        assert not (await send(mailbox.url())).ok
        assert (await send(mailbox.url(), allow_private=True)).ok
    assert len(mailbox.mails) == 1


async def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    async with webhook() as inside, webhook(302, Location=f"http://127.0.0.1:{inside.port}/") as outside:
        sent = await send(f"json://127.0.0.1:{outside.port}/hook?redirect=yes", allow_private=True)
    assert not sent.ok
    assert not inside.seen


@rows(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "localhost",
        "",
    ],
)
def test_addresses_of_private_networks_are_known_in_every_dress(address: str) -> None:
    assert not is_public(address)


@rows("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1"])
def test_public_addresses_may_be_reached(address: str) -> None:
    assert is_public(address)


def test_only_the_thread_that_sends_is_held_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = server.getsockname()
        with public_connections(), pytest.raises(NotPublic):
            socket.create_connection(where)
        with public_connections(), pytest.raises(NotPublic), socket.socket(socket.AF_UNIX) as local:
            local.connect("/run/some.sock")
        with public_connections(), pytest.raises(NotPublic), socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"x", where)
        with socket.create_connection(where) as reached:
            assert reached.getpeername() == where
