"""What is kept for a while, by how long."""

from enum import StrEnum


class Kind(StrEnum):
    """Rows that are kept equally long: pings with outputs and runs; blind windows with steps of the clock."""

    PINGS = "pings"
    REQUESTS = "requests"
    REPLAY = "replay"
    LEDGER = "ledger"
    INCIDENTS = "incidents"
    BLIND = "blind"
    OUTBOX = "outbox"
    AUDIT = "audit"
