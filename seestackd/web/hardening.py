"""What browsers are told with every answer, lest something sent as data is run or framed as a page."""

from collections.abc import MutableMapping

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def harden(headers: MutableMapping[str, str]) -> None:
    """Add the headers that an answer has not chosen itself."""
    for name, value in HEADERS.items():
        if name not in headers:
            headers[name] = value
