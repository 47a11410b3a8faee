"""`python -m bench.masking`: what masking finds, what it masks for nothing, and what a megabyte costs."""

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from seestackd.core.masking import mask_event, mask_events, mask_text, mask_url, mask_urls
from seestackd.core.masking.cards import mask_cards
from seestackd.core.masking.credentials import mask_credentials
from seestackd.core.masking.fields import mask_fields
from seestackd.core.masking.pairs import mask_pairs
from seestackd.core.masking.wrapped import mask_wrapped
from tests.core.planted import KINDS, benign, planted

MB = 1_000_000
RULES: Mapping[str, Callable[[bytes], bytes]] = {
    "form fields": mask_fields,
    "cards": mask_cards,
    "names": mask_pairs,
    "tokens, headers, addresses": mask_credentials,
    "base64": lambda data: mask_wrapped(data, mask_events),
}
WORDS = ("Pay now", "Your basket", "cart item", "Delivery", "Search", "navigation", "continue", "12.90 EUR")
PIECES = (
    *("a", '"', "\\", "1", "1111 ", '"value":"\\', '"password":"\\', '\\"password\\":\\"', "a://b:", "a-", "bearer "),
    *("eyJ", "eyJhbGciOiJ9.", "-----BEGIN PRIVATE KEY-----", "ghp_", "%22", "Z2Z2", "Cookie: ", "[", "x-", "4111-"),
)
BEHIND = (
    '"password":"',
    '\\"password\\":\\"',
    "password=",
    "password%3D",
    '"type":"password","value":"',
    "Cookie: a=",
    "a://b:",
)
HITS = ("token=a&", '"pin":"1",', "://a:b@", "4111111111111111 ", '"pin":123,', '"value":1234,')


def _node(dice: random.Random) -> dict[str, object]:
    rect = [dice.randint(0, 1900), dice.randint(0, 4000), dice.randint(10, 800), 20]
    tag, text = dice.choice(("div", "a", "button", "input")), dice.choice(WORDS)
    return {"tag": tag, "text": text, "id": f"n{dice.randint(1, 10**4)}", "rect": rect, "color": "#1f2328"}


def session(size: int) -> list[str]:
    """Return event data as browsers send it, about `size` bytes."""
    dice = random.Random(3)
    texts: list[str] = []
    while size > 0:
        nodes = [_node(dice) for _ in range(dice.choice((1, 1, 1, 20)))]
        text = json.dumps({"ts": 1_775_000_000_000 + dice.randint(0, 10**6), "y": dice.random() * 900, "nodes": nodes})
        texts.append(text)
        size -= len(text)
    return texts


def milliseconds(texts: list[str], again: int = 5) -> float:
    """Return the shortest processor time of masking the texts as events, in ms per MB."""
    return _shortest(partial(mask_events, texts), again) * 1000 / (sum(map(len, texts)) / MB)


def _shortest(action: Callable[[], Any], again: int) -> float:
    """Return the shortest processor time of an action, in seconds."""
    times = []
    for _ in range(again):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return min(times)


def _growth(opening: str, piece: str) -> tuple[float, float]:
    """Return how much longer 1 MB of a piece behind an opening takes than 0.25 MB, and how long that is, in ms."""
    small, large = (milliseconds([opening + piece * (size // len(piece))], 2) * size / MB for size in (MB // 4, MB))
    return large / small, large


def measure(count: int = 10_000) -> int:
    """Print the figures; 1 when one misses its goal."""
    stays = [
        each for each in planted(count) if each.secret in mask_event(each.text) or each.secret in mask_text(each.text)
    ]
    false = sum({mask_event(text), mask_text(text), mask_url(text)} != {text} for text in benign(10 * count))
    print(f"planted secrets  {count:,} of {len(KINDS)} kinds: {count - len(stays):,} masked")
    print(f"benign values    {10 * count:,}: {false} masked ({100 * false / (10 * count):.3f} %; at most 0.1 %)")
    typical = milliseconds(session(MB))
    print(f"a session        {typical:.1f} ms per MB (at most 20)")
    slowest = _print_texts(count)
    began = time.perf_counter()
    mask_urls(["https://shop.example/cart?page=2&sort=up"] * 10_000)
    print(f"10,000 URLs      {(time.perf_counter() - began) * 1000:.1f} ms")
    _print_pieces()
    return int(bool(stays) or false > count / 100 or typical > 20 or slowest > 20)


def _print_texts(count: int) -> float:
    """Print what mixtures of texts take, and each rule by itself; returns what the slowest rule takes (ms per MB)."""
    values, secrets = list(benign(20_000)), [each.text for each in planted(count)]
    few, corpus = [*values, *secrets[:200]], [*benign(10 * count), *secrets]
    random.Random(5).shuffle(few)
    random.Random(5).shuffle(corpus)
    for title, texts in (("look-alikes", values), ("1 % secrets", few)):
        print(f"{title:<17}{milliseconds(texts):.1f} ms per MB, {len(texts):,} texts")
    slowest = 0.0
    for title, texts in (("the whole corpus", corpus), ("secrets only", secrets)):
        data = "\0".join(texts).encode()
        rules = {name: _shortest(partial(rule, data), 5) * 1000 / (len(data) / MB) for name, rule in RULES.items()}
        print(
            f"{title:<17}{milliseconds(texts):.1f} ms per MB, {len(texts):,} texts; each rule by itself (at most 20):"
        )
        print("".join(f"  {name} {took:.1f}" for name, took in rules.items()))
        slowest = max(slowest, *rules.values())
    return slowest


def _print_pieces() -> None:
    for title, pieces in (("repeated, no hit", PIECES), ("a hit at every step", HITS)):
        print(f"\n1 MB of one piece, {title}: ms per MB, and how much longer 1 MB takes than 0.25 MB (linear: 4)")
        for piece in pieces:
            small, large = (milliseconds([piece * (size // len(piece))], 2) * size / MB for size in (MB // 4, MB))
            print(f"  {piece!r:32} {large:8.1f}   x{large / small:.1f}")
    grown = {(opening, piece): _growth(opening, piece) for opening in BEHIND for piece in (*PIECES, *HITS)}
    print(f"\n{len(grown)} pieces behind what opens a value, 1 MB of each")
    for what, by in (("grows by", 0), ("takes ms", 1)):
        worst = max(grown, key=lambda pair: grown[pair][by])
        print(f"  {what} {grown[worst][by]:.1f} at most ({worst[0]!r}, {worst[1]!r})")


if __name__ == "__main__":
    sys.exit(measure())
