"""Names of fields, headers and parameters that say: what follows is a secret.

Sentry's list (password, secret, passwd, api_key, apikey, auth, credentials, mysql_pwd, privatekey, private_key, token,
bearer), the reference's (ssn, cvv, cvc, pin), cookies, and the spellings in use.
"""

_LONG = (
    rb"(?:pass(?:word|wd|phrase|code)(?:[_-]?(?:confirm(?:ation|ed)?|repeat|again|verif(?:y|ication)|hash|new|old|\d{1,2}))?"
    rb"|mysql[_-]?pwd|secret(?:[_-]?(?:key|value|token|string|\d{1,2}))?"
    rb"|token(?:[_-]?(?:value|secret|hash|\d{1,2}))?"
    rb"|(?:api|app|access|secret|private|auth|encryption|signing|master|account|shared|subscription|license)[_-]?key"
    rb"|credentials?|signature|bearer|authorization|(?:php|j)sessid|jsessionid|connect\.sid"
    rb"|(?:card|cc|credit[_-]?card)[_-]?(?:number|num)|security[_-]?code)"
)
_SHORT = rb"pwd|ssn|cvv2?|cvc2?|csc|pin|otp|totp|auth|jwt|sig|csrf|xsrf|pincode|cookie|set-?cookie2?"
_HUMP = rb"[a-z0-9](?:Pwd|PWD|Ssn|SSN|Cvv2?|CVV2?|Cvc2?|CVC2?|Pin|PIN|Otp|OTP|Jwt|JWT|PinCode)"
_CAMEL = rb"(?-i:[\w.$-]*" + _HUMP + rb")"
_BEFORE = rb"[\w.$\[-]*"


def _named(short: bytes) -> bytes:
    return rb"(?:" + _BEFORE + _LONG + rb"|(?:" + _BEFORE + rb"[_.$\[-])?(?:" + short + rb")|" + _CAMEL + rb")\]?"


NAME = _named(_SHORT)
"""A telling name; to stand in a pattern that ignores case."""

_SHORT_OF_FIELDS = _SHORT + rb"|pass|pw"
FIELD = _named(_SHORT_OF_FIELDS)
"""A telling name where fields are: short ones too that mean something else in a sentence."""

# What may stand before a short name: no letter (`spin`), but for an F (`%3Fpin=`) and those of \n, \r and \t.
_ALONE = rb"(?:\A|[^a-eg-z]|\\[nrt])"
HOW_ENDS = rb"(?:" + _LONG + rb"|" + _ALONE + rb"(?:" + _SHORT_OF_FIELDS + rb")|(?-i:" + _HUMP + rb"))\]?"
"""How each telling name ends; to stand in a pattern that ignores case. Some that are none end so too (`a_3pin`)."""

NUMBERED = (
    rb"(?:" + _BEFORE + rb"(?:pass(?:word|wd|phrase|code)|secret|(?:api|access|secret|private)[_-]?key"
    rb"|(?:card|cc|credit[_-]?card)[_-]?(?:number|num)|security[_-]?code)"
    rb"|(?:" + _BEFORE + rb"[_.$\[-])?(?:pwd|ssn|cvv2?|cvc2?|csc|pin|otp|totp|pincode|pass)|" + _CAMEL + rb")"
)
"""A name under which a number is a secret. Not `token`: a number of tokens is none."""
