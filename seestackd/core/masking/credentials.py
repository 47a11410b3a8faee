"""Secrets told by their own form: tokens with a known beginning, private keys, header lines, passwords in URLs."""

from seestackd.core.masking.mark import Span
from seestackd.core.masking.names import FIELD
from seestackd.core.masking.scan import Pattern, Spans, hide

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
_KNOWN = Pattern(rb"\b(" + rb"|".join(_TOKENS) + rb")")
# Our own keys stand in ping URLs, and scripts that trace what they do print those.
_OWN = Pattern(rb"\b(?:ssk|ask_live|ask_test|seestack_live)_([0-9A-Za-z]{16,})")
_HOOK = Pattern(
    rb"(?i)(?:hooks\.slack\.com\\*/services\\*/|discord(?:app)?\.com\\*/api\\*/webhooks\\*/\d+\\*/)([\w/\\-]{16,})"
)
_BEGIN = Pattern(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = Pattern(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY|\0")
_SLASHES = rb"(?::(?:\\{0,255}/){2}|%3A(?:%2F){2})"
_USER_INFO = Pattern(
    rb"(?i)[a-z0-9]" + _SLASHES + rb"(?:[^\s/?#:@\"'\\<>%\0]|%[0-24-9a-f][0-9a-f]|%3[0-9b-f])*(?::|%3A)"
    rb"([^\s/?#@\"'\\<>\0]+?)(?:@|%40)"
)
_LINE_END = rb"[^\r\n\"'\\<>\0]"
_HEADER = Pattern(
    rb"(?i)(?:\\[nrt]|\b)(?:"
    rb"(?:[\w-]+-)?authorization\s*(?::|%3A)[ \t]*(?:[a-z][\w-]{1,20}[ \t]+)?([^\s\"'\\<>\0]" + _LINE_END + rb"*)"
    rb"|(?:set-)?cookie2?\s*(?::|%3A)[ \t]*([^\s=;\"'\\<>\0]+=" + _LINE_END + rb"*)"
    rb"|[\w-]+-" + FIELD + rb"\s*:[ \t]+([^\s\"'\\<>,;\0]+)"
    rb"|(?:bearer|basic)\s+([a-z0-9._~+/-]{16,}=*)"
    rb")"
)


def mask_credentials(data: bytes) -> bytes:
    """Mask what can be told without a name beside it, in texts of any kind."""
    data = _mask_keys(data)
    data = hide(_KNOWN, data, _first)
    data = hide(_OWN, data, _first)
    data = hide(_HEADER, data, _first)
    if b"/" in data or b"%2" in data:
        data = hide(_HOOK, data, _first)
        data = hide(_USER_INFO, data, _first)
    return data


def _mask_keys(data: bytes) -> bytes:
    return hide(_BEGIN, data, _block) if b"PRIVATE KEY" in data else data


def _block(data: bytes, match: Spans) -> tuple[Span | None, int]:
    """Return what stands between the lines that begin and end a key (cut off: to the end of the text)."""
    begin = match[0][1]
    end = _END.search(data, begin)
    stop = len(data) if end is None else end[0][0]
    return (begin, stop), stop


def _first(data: bytes, match: Spans) -> tuple[Span | None, int]:
    """Return the group that has matched."""
    return max(match[1:]), match[0][1]


SIGNS = (
    _BEGIN,
    _KNOWN,
    _OWN,
    _HOOK,
    _USER_INFO,
    _HEADER,
)
"""What a text has in which these rules may find something."""
