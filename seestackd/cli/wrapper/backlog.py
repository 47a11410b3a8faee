"""Sends what was kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

from seestackd.cli.wrapper.reports import Target
from seestackd.cli.wrapper.sending import Refused, Unreachable, send
from seestackd.cli.wrapper.spool import Broken, Spool
from seestackd.clock import Clock


@dataclass
class Flushed:
    """What became of the kept reports; `troubles` are sentences, one for each cause."""

    sent: int = 0
    refused: int = 0
    broken: int = 0
    dropped: int = 0
    busy: bool = False
    troubles: list[str] = field(default_factory=list)


def flush(spool: Spool, clock: Clock, timeout_s: float, stop: Callable[[], bool]) -> Flushed:
    """Send all that is kept, oldest first, until `stop`. Reports to a daemon that does not answer stay."""
    result = Flushed()
    silent: set[Target] = set()
    with spool.alone() as alone:
        if not alone:
            result.busy = True
            return result
        result.dropped = spool.drop_old(clock.now())
        for name in spool.names():
            if stop():
                break
            _flush_one(spool, name, clock, timeout_s, silent, result)
    return result


def _flush_one(spool: Spool, name: str, clock: Clock, timeout_s: float, silent: set[Target], result: Flushed) -> None:
    try:
        entry = spool.read(name)
        if entry.target in silent:
            return
        send(entry.target, entry.report, clock.now(), timeout_s)
    except Unreachable as error:
        silent.add(entry.target)
        result.troubles.append(f"{entry.target.url}: {error}")
    except Refused as error:
        spool.put_aside_refused(name)
        result.refused += 1
        result.troubles.append(str(error))
    except Broken as error:
        spool.put_aside_broken(name)
        result.broken += 1
        result.troubles.append(f"not a report: {error}")
    except OSError:
        return  # another run was quicker, or it is not ours to read
    else:
        spool.remove(name)
        result.sent += 1
