"""Those who hold connections open do not keep others out: on the real daemon, over real sockets."""

import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from seestackd.web.crowd import PER_ADDRESS, RESERVED, Crowd, room
from seestackd.web.proxies import Proxies
from tests.journeys.daemon import Daemon, wait_for

BEGUN = b"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\n"


class Guest:
    busy = False

    def __init__(self) -> None:
        self.here = True

    def shed(self) -> None:
        self.here = False


@contextmanager
def half_open(port: int, count: int, addresses: int = 1, said: bytes = BEGUN) -> Iterator[list[socket.socket]]:
    """Open connections that say the beginning of a request, from as many addresses of this machine."""
    with ExitStack() as stack:
        opened = []
        for number in range(count):
            here = (f"127.1.{number % addresses // 250}.{1 + number % addresses % 250}", 0)
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10, source_address=here))
            if said:
                one.sendall(said)
            opened.append(one)
        yield opened


def hung_up(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def logged(daemon: Daemon) -> list[str]:
    return daemon.log.read_text().splitlines()


@pytest.mark.parametrize("said", [BEGUN, b""], ids=["half a request", "nothing"])
def test_one_address_holds_sixty_four_connections_without_a_key(tmp_path: Path, said: bytes) -> None:
    with Daemon(tmp_path) as daemon:
        key = daemon.cli("key", "create", "cron").strip()
        daemon.cli("monitor", "add", "job", "--schedule", "1d")
        with half_open(daemon.port, 200, said=said) as held:
            wait_for(lambda: sum(map(hung_up, held)) >= 200 - PER_ADDRESS, 3, "most of them to be hung up on")
            assert daemon.heartbeat(key, "job") == 202
            assert 0 < sum(not hung_up(one) for one in held) <= PER_ADDRESS


async def test_an_address_with_many_jobs_that_all_report_at_once_is_heard() -> None:
    crowd = Crowd(Proxies(()), lambda count: None, most=10_000)
    burst = [Guest() for _ in range(500)]
    for guest in burst:
        crowd.arrive(guest, "192.0.2.7")
        crowd.leave(guest) if guest is burst[0] else crowd.vouch(guest)

    assert all(guest.here for guest in burst)


async def test_when_all_places_are_taken_the_stranger_who_came_first_leaves() -> None:
    told: list[int] = []
    crowd = Crowd(Proxies(()), told.append, most=10)
    known, strangers = Guest(), [Guest() for _ in range(12)]
    crowd.arrive(known, "192.0.2.1")
    crowd.vouch(known)
    for number, guest in enumerate(strangers):
        crowd.arrive(guest, f"198.51.100.{number}")

    assert known.here
    assert [guest.here for guest in strangers] == [False] * 3 + [True] * 9
    assert told == [1, 1, 1]


async def test_trusted_proxies_and_the_unix_socket_are_not_counted_and_an_ipv6_network_is_one() -> None:
    crowd = Crowd(Proxies(("10.0.0.0/8",)), lambda count: None)

    assert {crowd._group(address) for address in ("10.1.2.3", "::ffff:10.1.2.3", "")} == {""}
    assert crowd._group("2001:db8::1") == crowd._group("2001:db8::2:3") != crowd._group("2001:db8:0:1::1")
    assert crowd._group("::ffff:192.0.2.1") == "192.0.2.1"


def test_descriptors_are_kept_in_reserve() -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    assert room() == limit - RESERVED


def test_with_few_descriptors_a_crowd_from_everywhere_keeps_nobody_out(tmp_path: Path) -> None:
    with Daemon(tmp_path, limit=400) as daemon:
        key = daemon.cli("key", "create", "cron").strip()
        daemon.cli("monitor", "add", "job", "--schedule", "1d")
        with half_open(daemon.port, 700, addresses=40):
            waits = []
            for _ in range(20):
                begun = time.monotonic()
                assert daemon.heartbeat(key, "job") == 202
                waits.append(time.monotonic() - begun)
        lines = logged(daemon)

    assert max(waits) < 3
    assert not [line for line in lines if "Traceback" in line or "out of system resource" in line]
    assert len([line for line in lines if "refused:" in line]) <= 3


@pytest.mark.long
def test_bytes_that_trickle_do_not_stretch_a_deadline(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon, half_open(daemon.port, 10, said=b"P") as held:
        begun = time.monotonic()
        for letter in b"OST /ingest/v1/heartbeat HTTP/1.1\r\nHost: some.example\r\n":
            if all(map(hung_up, held)):
                break
            for one in held:
                with suppress(OSError):
                    one.send(bytes([letter]))
            time.sleep(0.25)

        assert 4 < time.monotonic() - begun < 8
        assert re.search(r"refused: \d+ x a request that did not come in time", daemon.log.read_text())
