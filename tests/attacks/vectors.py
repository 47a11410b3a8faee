"""Bad input, by the name that docs/promises.md gives it, as bytes on a connection."""

import asyncio
import gzip
import json
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

from tests.web.conftest import SECRET

GOOD = b'{"slug":"nightly","status":"success","durationMs":1}'
HEARTBEAT = "POST /ingest/v1/heartbeat HTTP/1.1"


def request(
    *headers: str, body: bytes = GOOD, line: str = HEARTBEAT, key: str | None = SECRET, host: str = "x"
) -> bytes:
    """A whole request that ends its connection."""
    head = [line, f"Host: {host}", "Connection: close", *headers]
    if key is not None:
        head.append(f"X-SeeStack-Key: {key}")
    if not any(header.lower().startswith("content-type") for header in headers):
        head.append("Content-Type: application/json")
    if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def ignored(value: bytes) -> bytes:
    """A good document with a field that nobody reads."""
    return GOOD[:-1] + b',"ignored":' + value + b"}"


def zipped(content: bytes) -> bytes:
    return request("Content-Encoding: gzip", body=gzip.compress(content))


def bomb(megabytes: int) -> bytes:
    """Return a gzip stream of so many MB of `[`: a million, compressed once and repeated."""
    million = b"[" * 1_000_000
    crc = 0
    for _ in range(megabytes):
        crc = zlib.crc32(million, crc)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = deflate.compress(million) + deflate.flush(zlib.Z_FULL_FLUSH)
    tail = struct.pack("<LL", crc, megabytes * len(million))
    return b"\x1f\x8b\x08" + bytes(5) + b"\0\xff" + piece * megabytes + deflate.flush() + tail


def document(**fields: object) -> bytes:
    return request(body=json.dumps({"slug": "nightly", "status": "success", "durationMs": 1, **fields}).encode())


VECTORS: dict[str, bytes] = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS on the plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 40,
    "a control character in a header": request("X-Note: a\x01b"),
    "a space before a header's colon": request("X-Note : a"),
    "a header line over 8 KiB": request(f"X-Note: {'a' * 9000}"),
    "200 headers": request(*(f"X-{number}: 1" for number in range(200))),
    "a header in two lines": request("X-Note: a\r\n b"),
    "no Host": request().replace(b"Host: x\r\n", b""),
    "half an address as Host": request(host="[::1"),
    "HTTP/2 as it begins": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "HTTP/1.2": request(line="POST /ingest/v1/heartbeat HTTP/1.2"),
    "a query of 60,000 characters": request(line=f"POST /ingest/v1/heartbeat?x={'a' * 60_000} HTTP/1.1"),
    "another server's name in the target": request(line="POST http://evil.example/ingest/v1/heartbeat HTTP/1.1"),
    "another scheme in the target": request(line="POST ftp://x/ingest/v1/heartbeat HTTP/1.1"),
    "CONNECT": request(line="CONNECT evil.example:443 HTTP/1.1", body=b""),
    "TRACE": request(line="TRACE /ingest/v1/heartbeat HTTP/1.1", body=b""),
    "an upgrade to HTTP/2": request("Upgrade: h2c", "HTTP2-Settings: AAA"),
    "a length of 0x34": request("Content-Length: 0x34"),
    "a chunk of 2^68 bytes": request("Transfer-Encoding: chunked", body=b"FFFFFFFFFFFFFFFFF\r\n"),
    "two lengths": request("Content-Length: 52", "Content-Length: 53"),
    "a length and chunks": request("Content-Length: 52", "Transfer-Encoding: chunked"),
    "no key": request(key=None),
    "an unknown key": request(key="ssk_unknown"),
    "a key of 5,000 characters": request(key="k" * 5000),
    "a key in the query": request(key=None, line=f"POST /ingest/v1/heartbeat?key={SECRET} HTTP/1.1"),
    "another method": request(line="PUT /ingest/v1/heartbeat HTTP/1.1"),
    "another path": request(line="POST /ingest/v1/nothing HTTP/1.1"),
    "a path that climbs": request(line="GET /static/../../etc/passwd HTTP/1.1", body=b""),
    "text/plain": request("Content-Type: text/plain"),
    "Content-Encoding: br": request("Content-Encoding: br"),
    "deflate": request("Content-Encoding: deflate", body=zlib.compress(GOOD)),
    "damaged gzip": request("Content-Encoding: gzip", body=b"\x1f\x8b\x08\0garbage"),
    "a gzip bomb (200 MB in 200 kB)": request("Content-Encoding: gzip", body=bomb(200)),
    "a body announced with 99,999,999,999 bytes": request("Content-Length: 99999999999", body=b""),
    "an unknown expectation": request("Expect: miracles"),
    "an empty body": request(body=b""),
    "half a document": request(body=b'{"slug":"nightly","stat'),
    "a list": request(body=b"[]"),
    "NaN": request(body=ignored(b"NaN")),
    "a lone surrogate": request(body=ignored(b'"\\ud800"')),
    "a NUL": request(body=ignored(b'"\\u0000"')),
    "nested 33 deep": request(body=ignored(b"[" * 32 + b"]" * 32)),
    "nested 400,000 deep": request(body=ignored(b"[" * 400_000 + b"]" * 400_000)),
    "1,001 keys": request(body=ignored(b"{" + b",".join(b'"%d":1' % n for n in range(1001)) + b"}")),
    "a number of 900,000 digits": request(body=ignored(b"9" * 900_000)),
    "a duration beyond 64 bits": document(durationMs=2**63),
    "a negative duration": document(durationMs=-1),
    "a slug of SQL": document(slug="x'; DROP TABLE pings;--"),
    "an unknown slug": document(slug="nobody"),
    "an unknown status": document(status="maybe"),
    "a message of 500,000 characters": document(message="x" * 500_000),
    "script in a message": document(message="<script>alert(1)</script>"),
    "line breaks and escapes in a message": document(message="a\r\nb\x1b[2J\u2028c"),
}


async def talked(port: int, sent: bytes) -> bytes:
    """Send bytes on a connection of their own and return the first answer, whole; empty when there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                writer.write(sent)
                await writer.drain()
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                return head + await reader.readexactly(int(length[1]) if length else 0)
        return b""
    finally:
        writer.transport.abort()


def answer_of(raw: bytes) -> str:
    """The status and the code of an answer, as the document writes it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status = head.split(b" ")[1].decode()
    try:
        told = json.loads(body)
    except ValueError:
        return status
    code = told.get("code") or told.get("error", {}).get("code")
    return f"{status} `{code}`" if code else status


def smuggling() -> Iterator[tuple[str, bytes]]:
    """Requests whose framing two servers could read differently: none of them may be taken."""
    length, chunked, tail = len(GOOD), "Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)
    lengths = [
        "+52",
        "-52",
        "52 ",
        "5 2",
        "0x34",
        "52,52",
        "52, 53",
        "52;",
        "٥٢",
        "",
        "1e1",
        "52.0",
        "052_0",
        "\t+52",
        "9" * 30,
        "-0",
        "52\x0b",
        "½",
        "0b11",
        "52\x00",
        "52\u00a0",
    ]
    for text in lengths:
        if text.strip(" \t") != "52":
            yield f"length {text!r}", request(f"Content-Length: {text}")
    for first, second in ((52, 53), (0, 52), (52, 0), (52, 52), (10, 52)):
        yield f"lengths {first} and {second}", request(f"Content-Length: {first}", f"Content-Length: {second}")
        yield (
            f"lengths {first} and {second} in two spellings",
            request(f"content-length: {first}", f"CONTENT-LENGTH: {second}"),
        )
    for coding in [
        "chunked, identity",
        "identity",
        "xchunked",
        "chunkedx",
        "chunked, chunked",
        "gzip",
        "gzip, chunked, gzip",
        "chunked;q=1",
        '"chunked"',
        "chunked\x0b",
        "\x0bchunked",
        "chunke\u0064\u200b",
        "chun ked",
        "cow",
        "chunked, cow",
        "deflate, identity",
        ",chunked,identity",
        "compress",
    ]:
        yield f"coding {coding!r}", request(f"Transfer-Encoding: {coding}", body=tail)
    for first, second in (
        (f"Content-Length: {length}", chunked),
        (chunked, f"Content-Length: {length}"),
        ("Content-Length: 0", chunked),
        (chunked, "Content-Length: 0"),
        (chunked, "content-length: 5"),
        ("Content-Length: 4", "transfer-encoding: CHUNKED"),
    ):
        yield f"{first} with {second}", request(first, second, body=tail)
    for name in [
        "Content-Length ",
        "Transfer-Encoding ",
        "Content-Length\t",
        "Transfer-Encoding\t",
        " Content-Length",
        "\tTransfer-Encoding",
        "Content-Length\x00",
        "Transfer-Encoding\x0b",
        "Content\x7fLength",
        "Transfer\u2010Encoding",
        "Content-Length\x01",
        "(Transfer-Encoding)",
        "Transfer Encoding",
        "Content;Length",
        "Transfer/Encoding",
        "Content@Length",
        "[Content-Length]",
        "Content,Length",
        'Content"Length',
        "Transfer{Encoding",
        "Content\\Length",
        "Transfer=Encoding",
        "Content?Length",
    ]:
        yield f"header {name!r}", request(f"{name}: 3", f"Content-Length: {length}")
    sizes = [
        b"-1",
        b"+5",
        b"0x5",
        b"5 5",
        b"g",
        b"",
        b" 5",
        b"5_0",
        b"\xd9\xa5",
        b"5\x0b",
        b"1" * 20,
        b"5;\n",
        b".5",
        b"5\x00",
    ]
    for size in sizes:
        yield f"chunk size {size!r}", request(chunked, body=size + b"\r\nabcde\r\n0\r\n\r\n")
    yield "a chunk longer than said", request(chunked, body=b"3\r\nabcde\r\n0\r\n\r\n")
    yield "chunks that end with bare line feeds", request(chunked, body=tail.replace(b"\r\n", b"\n"))
    yield "lines that end with bare line feeds", request().replace(b"\r\n", b"\n")
    yield "lines that end with bare carriage returns", request().replace(b"\r\n", b"\r")
    yield "a folded header", request("X-Note: a\r\n b")
    yield "a folded length", request(f"Content-Length:\r\n {length}")
    yield "a line feed in a header", request("X-Note: a\nTransfer-Encoding: chunked")
    yield "a carriage return in a header", request("X-Note: a\rTransfer-Encoding: chunked")
    yield "a NUL in a header", request("X-Note: a\0b")
    yield "a header without a colon", request("X-Note")
    yield "a header without a name", request(": x")
    for line in [
        "POST /ingest/v1/heartbeat",
        "POST /ingest/v1/heartbeat HTTP/1.1 x",
        "POST /ingest/v1/heartbeat HTTP/2.0",
        "POST /ingest/v1/heartbeat HTTP/1.10",
        "POST /ingest/v1/heartbeat http/1.1",
        "POST /ingest/v1/heartbeat HTTP/1,1",
        "POST /ingest/v1/heartbeat XTTP/1.1",
        "POST\t/ingest/v1/heartbeat HTTP/1.1",
        "P\x00ST /ingest/v1/heartbeat HTTP/1.1",
        "POST /ingest/v1/\x00heartbeat HTTP/1.1",
        "POST /ingest/v1/heart\x7fbeat HTTP/1.1",
        "PO(T /ingest/v1/heartbeat HTTP/1.1",
        "POST /ingest/v1/heartbeat HTTP/0.9",
        " POST /ingest/v1/heartbeat HTTP/1.1",
    ]:
        yield f"line {line!r}", request(line=line)
