"""Card numbers: sixteen digits in groups always (contract.md 4.1), other lengths by issuer and check digit."""

import re

from seestackd.core.masking.scan import Pattern

_SIXTEEN = rb"(?:\d{4}[ -]?){3}\d{4}"
_OTHERS = (
    rb"4\d{12}(?:\d{6})?|3(?:0[0-5]|[689]\d)\d[ -]?\d{6}[ -]?\d{4}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5}|(?:1800|2131)\d{11}"
    rb"|(?:5[0678]|6\d)(?:\d{11,13}|\d{15,17})|(?:4\d|5[0678]|6\d)\d{2}(?:[ -]\d{4}){3}[ -]\d{1,3}"
)
# Not the digits of a fraction.
_CARD = Pattern(rb"(?:\A|[^\w.]|(?:\A|\D)\.)(?:" + _OTHERS + rb"|" + _SIXTEEN + rb")\b")
_SURE = 16
_BETWEEN = b" -"
_DIGITS = frozenset(b"0123456789")
_DOUBLED = tuple(2 * digit - 9 * (digit > 4) for digit in range(10))
# What follows where sixteen decimal digits are only the beginning of a UUID.
_REST_OF_UUID = re.compile(rb"(?i)-[0-9a-f]{4}-[0-9a-f]{12}\b")
_END_OF_UUID = re.compile(rb"(?i)(?:-[0-9a-f]{4}){2}-\d{4}-\d{12}")


def mask_cards(data: bytes) -> bytes:
    """Mask card numbers but for their last four digits."""
    return _mask(data, _SURE)


def mask_proven_cards(data: bytes) -> bytes:
    """Mask those whose check digit is right, those of sixteen digits too."""
    return _mask(data, 0)


def luhn(digits: bytes) -> bool:
    """Tell whether the check digit of a number is right (ISO/IEC 7812-1)."""
    values = [digit - 48 for digit in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[digit] for digit in values[1::2])) % 10 == 0


def _mask(data: bytes, sure: int) -> bytes:
    length, find = len(data), _CARD.find
    ((begin, end),) = find(data, 0, length)
    if end < 0:
        return data
    pieces: list[bytes] = []
    done = 0
    while end >= 0:
        while data[begin] not in _DIGITS:  # what stands before, two bytes at most
            begin += 1
        digits = data[begin:end].translate(None, _BETWEEN)
        if (len(digits) == sure or luhn(digits)) and not _is_part(data, begin, end):
            pieces += (data[done:begin], b"****-****-****-", digits[-4:])
            done = end
        ((begin, end),) = find(data, end, length)
    return b"".join([*pieces, data[done:]]) if pieces else data


def _is_part(data: bytes, begin: int, end: int) -> bool:
    """Tell whether the digits are those of a UUID."""
    if data[begin - 1 : begin] == b"-" and _END_OF_UUID.match(data, max(0, begin - 11), end) is not None:
        return True
    return data[end : end + 1] == b"-" and _REST_OF_UUID.match(data, end) is not None


SIGNS = (_CARD.text,)
"""What a text has in which these rules may find something."""
