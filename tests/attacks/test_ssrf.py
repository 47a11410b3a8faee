"""A channel that somebody made over the API reaches nothing in a private network, however its address is written."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from seestackd.clock import Clock
from seestackd.core.incidents import AlertKind
from seestackd.delivery.apprise_sender import AppriseSender, Sent, check_url
from seestackd.delivery.channels import Channel
from seestackd.delivery.examples import EXAMPLES
from seestackd.delivery.messages import render
from seestackd.delivery.public_only import is_public
from seestackd.delivery.services import PLUGINS
from tests.delivery.receivers import webhook
from tests.rows import rows

MESSAGE = render("alert-id", AlertKind.TEST, EXAMPLES[AlertKind.TEST], public_url=None, at=0)
HERE = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 0x7f.1 127.0.0.1. 0.0.0.0 0 00000000
127.255.255.254 localhost LOCALHOST localhost. ip6-localhost 127.000.000.001 0x7F.0x0.0x0.0x1 [::1] [::]
[0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:1] [::127.0.0.1] %31%32%37.0.0.1
127%2e0%2e0%2e1 user:pw@127.0.0.1 public.example@127.0.0.1 127.0.0.1%23.public.example 127.0.0.1%00.public.example
①②⑦.⓪.⓪.① 127。0。0。1
"""
ELSEWHERE = """
10.0.0.1 10.255.255.254 172.16.0.1 172.31.255.254 192.168.0.1 169.254.169.254 100.64.0.1 198.18.0.1 192.0.0.1 240.0.0.1
255.255.255.255 224.0.0.1 fd00::1 fe80::1 fec0::1 ff02::1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::a00:1
64:ff9b::a9fe:a9fe 2002:a00:1:: 2002:a9fe:a9fe:: 2001:0:4136:e378:8000:63bf:80ff:fffe ::a00:1 100::1 2001:db8::1
64:ff9b:1::a00:1 192.88.99.1 ::ffff:0:10.0.0.1 0.0.0.1
"""


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, over IPv4 and IPv6, that notes who reaches it."""
    reached: list[str] = []
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        server.settimeout(0.05)
        ended = Event()

        def accept() -> None:
            while not ended.is_set():
                try:
                    one, address = server.accept()
                except TimeoutError:
                    continue
                reached.append(address[0])
                one.close()

        thread = Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], reached
        ended.set()
        thread.join()


async def send(url: str, *, allow_private: bool = False) -> Sent:
    channel = Channel("theirs", url, 3.0, allow_private=allow_private)
    return await asyncio.to_thread(AppriseSender(Clock()).send, channel, MESSAGE)


def test_there_are_sixty_vectors() -> None:
    assert len({*HERE.split(), *ELSEWHERE.split()}) >= 60


async def test_no_spelling_of_this_machine_is_reached() -> None:
    with listening() as (port, reached):
        sent = {host: (await send(f"json://{host}:{port}/hook")).ok for host in HERE.split()}

        assert not any(sent.values())
        assert reached == []
        await send(f"json://127.0.0.1:{port}/hook", allow_private=True)
        assert reached, "or nobody could have been reached at all"


@rows("address", ELSEWHERE.split())
def test_no_address_that_is_not_public_is_connected_to(address: str) -> None:
    assert not is_public(address)


async def test_a_name_that_resolves_differently_when_connected_to_is_not_followed() -> None:
    """The address is looked at as it is connected to, so a second answer of the name server changes nothing."""
    answers = ["93.184.216.34", "127.0.0.1"]
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *rest: object, **more: object) -> object:
        if host != "rebinding.example":
            return real(host, port, *rest, **more)  # type: ignore[arg-type]
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with listening() as (port, reached):
        answers.pop(0)
        socket.getaddrinfo = rebinding  # type: ignore[assignment]
        try:
            sent = await send(f"json://rebinding.example:{port}/hook")
        finally:
            socket.getaddrinfo = real

    assert not sent.ok
    assert "private network" in (sent.error or "")
    assert reached == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with webhook() as inside, webhook(status, Location=f"http://127.0.0.1:{inside.port}/") as outside:
        sent = await send(f"json://127.0.0.1:{outside.port}/hook?redirect=yes", allow_private=True)

    assert not sent.ok
    assert "redirects are not followed" in (sent.error or "")
    assert not inside.seen


@rows("schema", ["file", "syslog", "dbus", "gnome", "windows", "macosx", "exec", "data", "gopher"])
def test_a_service_that_is_no_messaging_service_is_refused(schema: str) -> None:
    assert schema not in PLUGINS
    assert "not supported" in (check_url(f"{schema}://127.0.0.1/etc/passwd") or "")
