"""`python -m bench.masking`: what masking finds, what it masks for nothing, and what a megabyte costs."""

import json
import random
import sys
import time

from seestackd.core.masking import mask_event, mask_events, mask_text, mask_url, mask_urls
from tests.core.planted import KINDS, benign, planted

MB = 1_000_000
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
    times = []
    for _ in range(again):
        began = time.process_time()
        mask_events(texts)
        times.append(time.process_time() - began)
    return min(times) * 1000 / (sum(len(text) for text in texts) / MB)


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
    values, secrets = list(benign(20_000)), [each.text for each in planted(count)]
    mixed = [*values, *secrets[:200]]
    corpus = [*benign(10 * count), *secrets]
    random.Random(5).shuffle(mixed)
    random.Random(5).shuffle(corpus)
    texts_of = (
        ("look-alikes", values),
        ("1 % secrets", mixed),
        ("the whole corpus", corpus),
        ("secrets only", secrets),
    )
    for title, texts in texts_of:
        print(f"{title:<17}{milliseconds(texts):.1f} ms per MB, {len(texts):,} texts")
    began = time.perf_counter()
    mask_urls(["https://shop.example/cart?page=2&sort=up"] * 10_000)
    print(f"10,000 URLs      {(time.perf_counter() - began) * 1000:.1f} ms")
    for title, pieces in (("repeated, no hit", PIECES), ("a hit at every step", HITS)):
        print(f"\n1 MB of one piece, {title}: ms per MB, and how much longer 1 MB takes than 0.25 MB (linear: 4)")
        for piece in pieces:
            small, large = (milliseconds([piece * (size // len(piece))], 2) * size / MB for size in (MB // 4, MB))
            print(f"  {piece!r:32} {large:8.1f}   x{large / small:.1f}")
    pairs = [(opening, piece) for opening in BEHIND for piece in (*PIECES, *HITS)]
    grown = {pair: _growth(*pair) for pair in pairs}
    print(f"\n{len(pairs)} pieces behind what opens a value, 1 MB of each")
    for what, by in (("grows by", 0), ("takes ms", 1)):
        worst = max(grown, key=lambda pair: grown[pair][by])
        print(f"  {what} {grown[worst][by]:.1f} at most ({worst[0]!r}, {worst[1]!r})")
    return int(bool(stays) or false > count / 100 or typical > 20)


if __name__ == "__main__":
    sys.exit(measure())
