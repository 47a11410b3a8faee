"""Bodies that clients have compressed, inflated to a bounded size."""

import zlib

from seestackd.web.refusal import Refusal, of_status

_GZIP = 31  # zlib's window bits for a gzip header
_MAX_MEMBERS = 8  # each costs a copy of the rest, so thousands would take minutes


def inflated(raw: bytes, limit: int) -> bytes | None:
    """Return the content of a gzip file, None when that exceeds `limit`; raises Refusal when it is damaged.

    Never holds more than `limit` + 1 bytes of content.
    """
    content = b""
    try:
        for _ in range(_MAX_MEMBERS):
            member = zlib.decompressobj(_GZIP)
            content += member.decompress(raw, limit + 1 - len(content))
            if len(content) > limit:
                return None
            raw = member.unused_data
            if member.eof and not raw:
                return content
    except zlib.error:
        pass
    raise Refusal(400, "MALFORMED_BODY", "The body is not valid gzip")


def whole(raw: bytes, zipped: bool, limit: int) -> bytes:
    """Return a body as its parser takes it, of at most `limit` bytes; raises Refusal (413, 400)."""
    body = inflated(raw, limit) if zipped else raw
    if body is None:
        raise of_status(413)
    return body
