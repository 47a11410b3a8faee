"""Messages about the store, which cannot go through the store: sent from memory to the default channels."""

import uuid
from collections.abc import Mapping

from seestackd.clock import Clock
from seestackd.delivery.apprise_sender import AppriseSender, Sent
from seestackd.delivery.channels import Channel
from seestackd.delivery.letters import Letter, Tone
from seestackd.delivery.messages import Message
from seestackd.delivery.wording import marked


def store_fails(reason: str, reserve_given_up: bool) -> Message:
    """Say that nothing can be stored, and why."""
    reserve = " A reserve of 32 MiB was given up: it stores again until that is used up." if reserve_given_up else ""
    letter = Letter(
        tone=Tone.FAILURE,
        title="seestackd cannot store: free its disk" if "full" in reason else "seestackd cannot store",
        lead=f"Reports are answered with 503, and nobody is judged meanwhile.{reserve}",
        rows=(("Reason", marked(reason)), ("Next", f"make room, then see {marked('seestackd doctor')}")),
    )
    return Message(letter, str(uuid.uuid4()))


def store_works(lasted: str) -> Message:
    """Say that it is over."""
    letter = Letter(
        Tone.SUCCESS, "seestackd stores again", f"It could not for {lasted}. Reports are taken, jobs judged."
    )
    return Message(letter, str(uuid.uuid4()))


def store_damaged(reason: str) -> Message:
    """Say that there is nothing to start with."""
    letter = Letter(
        tone=Tone.FAILURE,
        title="seestackd does not start: its database is damaged",
        lead="No scheduled backup is whole, so nothing is watched until an operator puts one back.",
        rows=(("Reason", marked(reason)), ("Next", marked("seestackd restore FILE"))),
    )
    return Message(letter, str(uuid.uuid4()))


def send_to_all(channels: Mapping[str, Channel], names: tuple[str, ...], message: Message, clock: Clock) -> list[Sent]:
    """Send one after the other, in the calling thread."""
    sender = AppriseSender(clock)
    return [sender.send(channels[name], message) for name in names if name in channels]
