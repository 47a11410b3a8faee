"""Secrets told by their own form: tokens with a known beginning, private keys, header lines, passwords in URLs."""

import re

from seestackd.core.masking.mark import Span
from seestackd.core.masking.names import FIELD, HOW_ENDS
from seestackd.core.masking.scan import Pattern, hide

_WORD = rb"[A-Za-z0-9_-]"
_TOKENS = (
    rb"eyJ" + _WORD + rb"{7,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,3}",  # JWT, JWE
    rb"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    rb"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|gl(?:pat|ptt|dt|rt|cbt|soat)-[\w-]{20,}",
    rb"xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}",
    rb"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}|sk-[A-Za-z0-9_-]{20,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    rb"AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",
    rb"SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}\b|SK[0-9a-f]{32}\b|xkeysib-[0-9a-f]{40,}[\w-]*",
    rb"npm_[A-Za-z0-9]{30,}|pypi-[\w-]{20,}|rubygems_[0-9a-f]{40,}|hf_[A-Za-z0-9]{30,}|lin_api_[A-Za-z0-9]{30,}",
    rb"do[opr]_v1_[0-9a-f]{40,}|dapi[0-9a-f]{32}|gl(?:sa|c)_[\w+/=]{30,}|hv[sbr]\.[\w-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{50,}",
    rb"\d{8,10}:AA[\w-]{33}",
)
# Our own keys stand in ping URLs, and scripts that trace what they do print those.
_OWN_HEADS = (b"ssk_", b"ask_live_", b"ask_test_", b"seestack_live_")
_OWN = rb"(?:" + rb"|".join(_OWN_HEADS) + rb")[0-9A-Za-z]{16,}"
_KNOWN = Pattern(rb"\b(?:" + rb"|".join((*_TOKENS, _OWN)) + rb")")
_HOOK = rb"(?:hooks\.slack\.com\\*/services\\*/|discord(?:app)?\.com\\*/api\\*/webhooks\\*/\d+\\*/)"
_BEGIN = Pattern(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = Pattern(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY|\0")
_SLASHES = rb"(?::(?:\\{0,255}/){2}|%3A(?:%2F){2})"
_USER_INFO = (
    rb"[a-z0-9]" + _SLASHES + rb"(?:[^\s/?#:@\"'\\<>%\0]|%[0-24-9a-f][0-9a-f]|%3[0-9b-f])*(?::|%3A)"
    rb"[^\s/?#@\"'\\<>\0]+?(?:@|%40)"
)
_IN_URL = Pattern(rb"(?i)" + _HOOK + rb"[\w/\\-]{16,}|" + _USER_INFO)
_LINE_END = rb"[^\r\n\"'\\<>\0]"
_HEADER = Pattern(
    rb"(?i)(?:\\[nrt]|\b)(?:"
    rb"(?:[\w-]+-)?authorization\s*(?::|%3A)[ \t]*(?:[a-z][\w-]{1,20}[ \t]+)?[^\s\"'\\<>\0]" + _LINE_END + rb"*"
    rb"|(?:set-)?cookie2?\s*(?::|%3A)[ \t]*[^\s=;\"'\\<>\0]+=" + _LINE_END + rb"*"
    rb"|[\w-]+-" + FIELD + rb"\s*:[ \t]+[^\s\"'\\<>,;\0]+"
    rb"|(?:bearer|basic)\s+[a-z0-9._~+/-]{16,}=*"
    rb")"
)
# What stands in a match before the secret; none of them can backtrack.
_TO_SECRET = re.compile(
    _HOOK + rb"|.(?::\\*+/\\*+/|%3A%2F%2F)(?:[^:%]++|%(?!3A))*+(?::|%3A)", re.IGNORECASE | re.DOTALL
)
_TO_VALUE = re.compile(rb"(?:\\[nrt])?(?:(?:bearer|basic)\s++|([^:%]*+)(?::|%3A)[ \t]*+)", re.IGNORECASE)
_BEFORE_HOST = (b"@", b"%40")
_SCHEME = re.compile(rb"[a-z][\w-]{1,20}+[ \t]++(?=[^\t\n\f\r])", re.IGNORECASE)


def mask_credentials(data: bytes) -> bytes:
    """Mask what can be told without a name beside it, in texts of any kind."""
    data = _mask_keys(data)
    data = hide(_KNOWN, data, _token)
    data = hide(_HEADER, data, _header)
    return hide(_IN_URL, data, _in_url) if b"/" in data or b"%2" in data else data


def _mask_keys(data: bytes) -> bytes:
    return hide(_BEGIN, data, _block) if b"PRIVATE KEY" in data else data


def _block(data: bytes, _: int, begin: int) -> tuple[Span | None, int]:
    """Return what stands between the lines that begin and end a key (cut off: to the end of the text)."""
    ((stop, end),) = _END.find(data, begin, len(data))
    return ((begin, stop), stop) if end >= 0 else ((begin, len(data)), len(data))


def _token(data: bytes, begin: int, end: int) -> tuple[Span | None, int]:
    """Return a token; of our own keys all but how they begin."""
    return (data.rfind(b"_", begin, end) + 1 if data.startswith(_OWN_HEADS, begin) else begin, end), end


def _header(data: bytes, begin: int, end: int) -> tuple[Span | None, int]:
    """Return the value, without the scheme that authorization begins with."""
    before = _TO_VALUE.match(data, begin, end)
    first = before.end()  # type: ignore[union-attr]
    if before[1] is not None and before[1].rstrip().lower().endswith(b"authorization"):  # type: ignore[index]
        scheme = _SCHEME.match(data, first, end)
        first = first if scheme is None else scheme.end()
    return (first, end), end


def _in_url(data: bytes, begin: int, end: int) -> tuple[Span | None, int]:
    """Return the password before the host, or what follows the address that takes messages."""
    after = next((sign for sign in _BEFORE_HOST if data.endswith(sign, begin, end)), b"")
    return (_TO_SECRET.match(data, begin, end).end(), end - len(after)), end  # type: ignore[union-attr]


SIGNS = (
    _BEGIN.text,
    _KNOWN.text,
    rb"(?i:" + _HOOK + rb"[\w/\\-]{16})",
    rb"(?i:(?::\\*/\\*/|%3A%2F%2F)[^\s/?#@\"'<>\0]*?(?::|%3A)[^\s/?#@\"'<>\0]+?(?:@|%40))",
    rb"(?i:(?:authorization|cookie2?)\s*(?::|%3A)|" + HOW_ENDS + rb"\s*:[ \t])",
    rb"(?i:(?:bearer|basic)\s+[a-z0-9._~+/-]{16})",
)
"""What a text has in which these rules may find something. Exact where it has to be: heads of tokens that may begin
anywhere in a word, with counters behind them, are more states than RE2 has room for.
"""
