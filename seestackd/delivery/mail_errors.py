"""What went wrong with a mail, in words to act on: Apprise keeps only what Python's smtplib said."""

import re

_WORDS = (
    (r"\(53[0458]\b", "the mail server refuses this login; check user and password (some want an app password)"),
    (r"\bSTARTTLS\b.*not supported", "the mail server offers no STARTTLS at this port; set smtp=, the port and mode="),
    (r"WRONG_VERSION_NUMBER", "TLS: nothing speaks TLS at this port; try mode=starttls, or another port"),
    (r"CERTIFICATE_VERIFY_FAILED", "TLS: the certificate was not accepted"),
    (r"Errno 111\b|Connection refused", "connection refused: nothing listens at this address"),
    (r"Errno 11[03]\b|Errno 101\b", "the host cannot be reached from here"),
    (r"Errno -[235]\b|getaddrinfo", "the host name is not known"),
    (r"timed out", "no answer in time"),
    (r"\(5[05]\d\b", "the mail server refuses the sender or the recipient"),
    (r"\(4[25]\d\b", "the mail server puts it off"),
)


def explained(reason: str) -> str:
    """Return the reason with what it means in front, where that is known."""
    for pattern, words in _WORDS:
        if re.search(pattern, reason):
            return f"{words} ({reason})"
    return reason
