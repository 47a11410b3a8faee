"""Batches of 100 HTTP requests, as a small shop makes them."""

import json
import random
import time

from seestackd.core.telemetry import HttpRequest


def a_batch(rng: random.Random, now: int) -> list[HttpRequest]:
    """Make 100 requests as a small shop sends them."""
    return [
        HttpRequest(
            at=now - rng.randrange(5000),
            trace_id=f"{rng.getrandbits(128):032x}",
            outbound=rng.random() < 0.3,
            method=rng.choice(("GET", "GET", "GET", "POST")),
            host=rng.choice(("shop.example", "api.shop.example", "psp.example:8443")),
            path=rng.choice(("/", "/api/cart", "/api/pay", f"/api/users/{rng.randrange(10**6)}", "/search", "/login")),
            status_code=rng.choices((200, 302, 404, 500, 0), (93, 3, 2, 1, 1))[0],
            duration_ms=int(rng.expovariate(1 / 120)),
            request_size=rng.randrange(2000),
            response_size=rng.randrange(60_000),
            is_slow=False,
            user_id=f"u_{rng.randrange(5000)}",
            error_fingerprint=None,
        )
        for _ in range(100)
    ]


def as_body(batch: list[HttpRequest]) -> str:
    """Write a batch as clients send it."""
    items = [
        {
            "traceId": r.trace_id, "direction": r.direction, "method": r.method, "host": r.host, "path": r.path,
            "statusCode": r.status_code, "durationMs": r.duration_ms, "requestSize": r.request_size,
            "responseSize": r.response_size, "userId": r.user_id,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(r.at / 1000)) + f".{r.at % 1000:03}Z",
        }
        for r in batch
    ]  # fmt: skip
    return json.dumps({"requests": items}, separators=(",", ":"))
