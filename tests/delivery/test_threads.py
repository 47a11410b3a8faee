"""However many sendings hang, a channel that has none gets its thread."""

import asyncio
import threading
from collections.abc import Callable

from seestackd.delivery.apprise_sender import Sent
from seestackd.delivery.channels import Channel
from seestackd.delivery.threads import MAX_LINGERING, MAX_SENDING, Threads


async def hang(threads: Threads, go_on: threading.Event, channels: int) -> list["asyncio.Future[Sent]"]:
    hanging = []
    for number in range(channels):
        sending = threads.begin(Channel(f"hanging-{number}", ""), waiting(go_on))
        assert sending is not None
        threads.linger(f"hanging-{number}", sending, lambda sent: None)
        hanging.append(sending)
    return hanging


def waiting(go_on: threading.Event) -> Callable[[], Sent]:
    def send() -> Sent:
        go_on.wait(30)
        return Sent(True)

    return send


async def test_a_channel_is_sent_to_while_more_than_all_others_hang() -> None:
    threads, go_on = Threads(), threading.Event()
    hanging = await hang(threads, go_on, MAX_SENDING + 1)

    sending = threads.begin(Channel("other", ""), lambda: Sent(True))
    assert sending is not None
    assert (await asyncio.wait_for(sending, 5)).ok
    assert threads.begin(Channel("hanging-0", ""), waiting(go_on)) is None

    go_on.set()
    await asyncio.gather(*hanging)
    again = threads.begin(Channel("hanging-0", ""), waiting(go_on))
    assert again is not None
    await again


async def test_a_channel_gets_a_few_threads_beside_its_hanging_ones_and_no_more() -> None:
    threads, go_on, hanging = Threads(), threading.Event(), []
    for _ in range(MAX_LINGERING):
        sending = threads.begin(Channel("one", ""), waiting(go_on))
        assert sending is not None
        threads.linger("one", sending, lambda sent: None)
        hanging.append(sending)

    assert threads.lingering("one") == MAX_LINGERING
    assert threads.begin(Channel("one", ""), waiting(go_on)) is None

    go_on.set()
    await asyncio.gather(*hanging)
    assert threads.lingering("one") == 0
