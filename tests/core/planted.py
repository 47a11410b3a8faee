"""A corpus of texts with a secret in each, and one of values without; the same ones for the same seed."""

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, urlencode

LETTERS = string.ascii_letters + string.digits
NAMES = (
    *("password", "passwd", "pwd", "Password", "userPassword", "user_password", "new-password", "passwordConfirmation"),
    *("secret", "client_secret", "clientSecret", "secret_key", "token", "access_token", "accessToken", "refresh_token"),
    *("id_token", "api_key", "apiKey", "apikey", "x-api-key", "API-KEY", "auth", "credentials", "mysql_pwd"),
    *("privatekey", "private_key", "bearer", "ssn", "cvv", "cvc", "pin", "otp", "passphrase", "csrf", "jwt"),
    *("authorization", "cookie", "card_number", "security_code", "signature", "DB_PASSWORD", "userPin", "cardCvv"),
)
NUMBERED = ("password", "secret", "ssn", "cvv", "cvc", "pin", "otp", "pwd", "userPin", "api_key")


class Planted(NamedTuple):
    """A text, the secret that must not be left of it, and the kind of place it stands in."""

    kind: str
    text: str
    secret: str


def planted(count: int, seed: int = 7) -> Iterator[Planted]:
    """Yield `count` texts, the kinds in turn."""
    dice = random.Random(seed)
    kinds = tuple(KINDS.items())
    for index in range(count):
        kind, plant = kinds[index % len(kinds)]
        secret, text = plant(dice)
        yield Planted(kind, _among(dice, text) if kind not in _WHOLE else text, secret)


def benign(count: int, seed: int = 11) -> Iterator[str]:
    """Yield `count` values as they stand in logs and sessions, none of them a secret."""
    dice = random.Random(seed)
    for index in range(count):
        yield _BENIGN[index % len(_BENIGN)](dice)


def _word(dice: random.Random, least: int = 10, most: int = 24) -> str:
    return "".join(dice.choices(LETTERS, k=dice.randint(least, most)))


def _rough(dice: random.Random) -> str:
    """Return a secret with what escapes have to deal with in it."""
    middle = "".join(dice.choices("\"\\/ {}[]:,=&%éß#;'<>\n", k=3))
    return _word(dice, 5, 8) + middle + _word(dice, 5, 8)


def _document(dice: random.Random, name: str, value: object) -> dict[str, object]:
    fields: list[tuple[str, object]] = [("id", dice.randint(1, 999)), ("note", "über {x}"), (name, value), ("ok", True)]
    dice.shuffle(fields)
    return dict(fields)


def _written(dice: random.Random, document: object) -> str:
    plain = dice.random() < 0.5
    return json.dumps(document, ensure_ascii=plain, separators=(",", ":") if plain else None)


def _json(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice)
    return secret, _written(dice, _document(dice, dice.choice(NAMES), secret))


def _escaped(dice: random.Random) -> tuple[str, str]:
    secret = _rough(dice)
    return secret[-5:], _written(dice, _document(dice, dice.choice(NAMES), secret))


def _number(dice: random.Random) -> tuple[str, str]:
    secret = dice.randint(100, 10**9)
    return f":{secret}", json.dumps(_document(dice, dice.choice(NUMBERED), secret), separators=(",", ":"))


def _nested(dice: random.Random) -> tuple[str, str]:
    secret = _rough(dice)
    text = _written(dice, _document(dice, dice.choice(NAMES), secret))
    for _ in range(dice.randint(1, 3)):
        text = _written(dice, _document(dice, "body", text))
    return secret[-5:], text


def _typed(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice)
    telling = dice.choice((("type", "password"), ("name", dice.choice(NAMES)), ("selector", "#password")))
    fields: list[tuple[str, object]] = [telling, ("value", secret), ("x", 1)]
    dice.shuffle(fields)
    text = json.dumps(dict(fields))
    return secret, text if dice.random() < 0.7 else json.dumps({"target": text})


def _pairs(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice)
    return secret, json.dumps([{"name": dice.choice(("Authorization", "Cookie", "X-Api-Key")), "value": f"a {secret}"}])


def _header_list(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice)
    name = dice.choice(("set-cookie", "Set-Cookie", "authorization", "x-auth-token"))
    return secret, json.dumps({"headers": {name: ["a=b; Path=/", f"sid={secret}; HttpOnly"]}})


def _form(dice: random.Random) -> tuple[str, str]:
    secret = _rough(dice)
    fields = [("user", "kim"), (dice.choice(NAMES), secret), ("next", "/home")]
    dice.shuffle(fields)
    text = urlencode(fields)
    return quote(secret[-5:]), text if dice.random() < 0.5 else json.dumps({"body": text})


def _query(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice)
    url = f"https://shop.example/a/b?page=2&{dice.choice(NAMES)}={secret}&sort=up#top"
    shape = dice.randrange(4)
    if shape == 1:
        url = "https://in.example/login?next=" + quote(url, safe="")
    elif shape == 2:
        url = url.replace("/", "\\/").replace("&", "\\u0026").replace("=", "\\u003d")
    return secret, url if shape else json.dumps({"url": url})


def _header(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice, 16, 40)
    line = dice.choice(
        (
            "Authorization: Bearer {}",
            "authorization: Basic {}",
            "Proxy-Authorization: Digest username=kim, response={}",
            "Authorization: {}",
            "Cookie: theme=dark; sid={}; b=2",
            "Set-Cookie: sid={}; Path=/; HttpOnly",
            "X-Api-Key: {}",
            "X-Auth-Token: {}",
            "X-Amz-Security-Token: {}",
            "curl -H 'Authorization: Bearer {}' https://api.example/",
        )
    ).format(secret)
    if dice.random() < 0.5:
        return secret, f"GET / HTTP/1.1\r\nHost: a\r\n{line}\r\nAccept: */*"
    return secret, json.dumps({"raw": f"GET / HTTP/1.1\r\n{line}\r\n"})


def _user_info(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice)
    scheme = dice.choice(("https", "postgres", "redis", "amqp", "ftp"))
    url = f"{scheme}://{dice.choice(('kim', '', 'a.b-c'))}:{secret}@db.example:5432/x"
    return secret, dice.choice((url, quote(url, safe=""), json.dumps({"dsn": url}).replace("/", "\\/")))


def _shell(dice: random.Random) -> tuple[str, str]:
    secret = _word(dice)
    return secret, f"run with {dice.choice(('DB_PASSWORD', 'API_KEY', 'client_secret', 'PGPASSWORD'))}={secret} now"


def _jwt(dice: random.Random) -> tuple[str, str]:
    parts = [json.dumps({"alg": "HS256"}), json.dumps({"sub": _word(dice)}), _word(dice, 32, 32)]
    head, body, tail = (base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return tail, f"{head}.{body}.{tail}"


def _pem(dice: random.Random) -> tuple[str, str]:
    kind = dice.choice(("RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED "))
    body = "\n".join(_word(dice, 64, 64) for _ in range(4))
    text = f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"
    return body[-40:], text if dice.random() < 0.5 else json.dumps({"key_file": text})


def _cloud(dice: random.Random) -> tuple[str, str]:
    upper, hexadecimal = string.ascii_uppercase + string.digits, "0123456789abcdef"
    head, alphabet, length = dice.choice(
        (
            ("AKIA", upper, 16),
            ("ASIA", upper, 16),
            ("ghp_", LETTERS, 36),
            ("gho_", LETTERS, 36),
            ("github_pat_", LETTERS, 60),
            ("glpat-", LETTERS, 20),
            ("xoxb-", LETTERS, 24),
            ("sk_live_", LETTERS, 24),
            ("rk_test_", LETTERS, 24),
            ("AIza", LETTERS, 35),
            ("npm_", LETTERS, 36),
            ("dop_v1_", hexadecimal, 64),
            ("hf_", LETTERS, 34),
            ("hvs.", LETTERS, 24),
            ("sk-", LETTERS, 48),
            ("ssk_", LETTERS, 36),
        )
    )
    secret = "".join(dice.choices(alphabet, k=length))
    return secret, head + secret


def _card(dice: random.Random) -> tuple[str, str]:
    if dice.random() < 0.3:
        digits = "".join(dice.choices(string.digits, k=16))
    else:
        prefix, length = dice.choice(
            (
                *(("4", 13), ("36", 14), ("34", 15), ("37", 15), ("4", 16), ("51", 16), ("6011", 16)),
                *(("5018", 17), ("6304", 18), ("67", 19), ("62", 19), ("4", 19)),
            )
        )
        digits = prefix + "".join(dice.choices(string.digits, k=length - len(prefix) - 1))
        digits += _check_digit(digits)
    shown = digits
    if len(digits) == 16 and dice.random() < 0.5:
        shown = dice.choice(" -").join(digits[at : at + 4] for at in range(0, 16, 4))
    elif len(digits) == 15 and dice.random() < 0.5:
        shown = dice.choice(" -").join((digits[:4], digits[4:10], digits[10:]))
    text = dice.choice(("card {} used", '{{"number":"{}"}}', '{{"n":{}}}')).format(shown)
    return shown, text


def _check_digit(digits: str) -> str:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _wrapped(dice: random.Random) -> tuple[str, str]:
    _, text = dice.choice((_json, _form, _cloud, _user_info, _typed))(dice)
    wrapped = base64.b64encode(text.encode()).decode()
    if dice.random() < 0.2:
        wrapped = base64.b64encode(json.dumps({"w": wrapped}).encode()).decode()
    if dice.random() < 0.3:
        wrapped = wrapped.replace("+", "-").replace("/", "_").rstrip("=")
    return wrapped.rstrip("=")[8:], dice.choice(('{{"body":"{}"}}', "data {} end", "x={}&y=1", "{}")).format(wrapped)


def _among(dice: random.Random, text: str) -> str:
    """Put the text among others, as events hold them."""
    shape = dice.randrange(3)
    if shape == 0:
        return text
    before, after = dice.choice(("seen: ", "(", "")), dice.choice((" and more", ")", "\n", ""))
    return f"{before}{text}{after}" if shape == 1 else f"{text} {next(benign(1, dice.randrange(10**6)))}"


KINDS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "json": _json,
    "escaped": _escaped,
    "number": _number,
    "nested": _nested,
    "typed": _typed,
    "name and value": _pairs,
    "list of headers": _header_list,
    "form": _form,
    "query": _query,
    "header": _header,
    "user info": _user_info,
    "shell": _shell,
    "jwt": _jwt,
    "pem": _pem,
    "cloud key": _cloud,
    "card": _card,
    "wrapped": _wrapped,
}
_WHOLE = frozenset({"form", "wrapped", "header"})

_BENIGN: tuple[Callable[[random.Random], str], ...] = (
    lambda dice: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
    lambda dice: str(dice.randint(1_600_000_000_000, 1_900_000_000_000)),
    lambda dice: str(dice.random()),
    lambda dice: "".join(dice.choices("0123456789abcdef", k=dice.choice((32, 40, 64)))),
    lambda dice: f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T12:12:41.{dice.randint(0, 999):03}Z",
    lambda dice: str(dice.randint(10**17, 2 * 10**18)),
    lambda dice: f"+49 {dice.randint(150, 179)} {dice.randint(10**6, 10**8)}",
    lambda dice: (
        f"https://shop.example/{_word(dice, 3, 9)}/{dice.randint(1, 10**9)}?page={dice.randint(1, 99)}&sort=up#top"
    ),
    lambda dice: f'{{"x":{dice.randint(0, 1920)},"y":{dice.randint(0, 1080)},"t":{dice.randint(0, 10**6)}}}',
    lambda dice: f'{{"tokens":{dice.randint(1, 9999)},"author":"{_word(dice, 4, 9)}","pinned":true,"keyCode":13}}',
    lambda dice: (
        f'{{"tag":"div","text":"{_word(dice, 4, 9)} {_word(dice, 4, 9)}","rect":[{dice.randint(0, 900)},4,120,33]}}'
    ),
    lambda dice: f"done in {dice.random() * 100:.3f} s, {dice.randint(1, 10**6)} rows, exit {dice.randint(0, 3)}",
    lambda dice: f"{_word(dice, 4, 9)}@{_word(dice, 4, 9).lower()}.example",
    lambda dice: f"at {_word(dice, 4, 9)} (https://cdn.example/{_word(dice, 8, 8)}.js:{dice.randint(1, 9999)}:7)",
    lambda dice: base64.b64encode(dice.randbytes(dice.randint(20, 90))).decode(),
    lambda dice: base64.b64encode(json.dumps({"page": dice.randint(1, 99), "w": _word(dice)}).encode()).decode(),
    lambda dice: f"{dice.randint(1, 255)}.{dice.randint(0, 255)}.{dice.randint(0, 255)}.{dice.randint(0, 255)}:8443",
    lambda dice: f"body > div.container > ul > li:nth-child({dice.randint(1, 99)}) > a.btn-primary",
    lambda dice: f"shopping spinner mapping {_word(dice, 4, 9)} keyboard cardinal significant authored cookies",
    lambda dice: f"{dice.randint(10**8, 10**12 - 1)}",
)
