"""The few kinds of error; the edges map them to HTTP statuses, exit codes and sentences."""


class SeestackdError(Exception):
    """An error with a sentence for the person who caused it; never holds a secret."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(SeestackdError):
    """The input breaks a rule; `field` names the part, the message the problem and the next step."""


class NotFound(SeestackdError):
    """The object does not exist (or not in this project)."""


class Conflict(SeestackdError):
    """The object exists already, or has changed since it was read."""


class Forbidden(SeestackdError):
    """The caller may not do this."""


class TooMany(SeestackdError):
    """A limit on how often or how many was reached; `retry_after` is in seconds."""

    def __init__(self, message: str, *, field: str | None = None, retry_after: int = 60) -> None:
        super().__init__(message, field=field)
        self.retry_after = retry_after


class Busy(SeestackdError):
    """The store cannot commit right now; `retry_after` is in seconds. It may have been stored all the same."""

    def __init__(self, message: str = "Temporarily unable to store; please retry", *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after
