"""Errors are facts about the domain, in families; each has a stable code that clients may rely on."""

from typing import ClassVar


class DomainError(Exception):
    """A rule said no. `param` names the field at fault; `repeatable` tells whether trying again may help."""

    code: ClassVar[str] = "error"
    repeatable: ClassVar[bool] = False

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class Unauthenticated(DomainError):
    """Who is asking is not known."""

    code = "unauthenticated"


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotFound(DomainError):
    """There is no such thing, or not for this caller."""

    code = "not_found"


class Conflict(DomainError):
    """The state of things does not allow it."""

    code = "conflict"


class Invalid(DomainError):
    """A value breaks a rule; `param` names it."""

    code = "invalid"


class LimitExceeded(DomainError):
    """The caller used up what the plan allows; in `retry_after` seconds trying again may help."""

    code = "rate_limit_exceeded"
    repeatable = True

    def __init__(self, message: str, *, param: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(message, param=param)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """A part that is needed cannot be reached now."""

    code = "overloaded"
    repeatable = True


class StaleWrite(Conflict):
    """Somebody else changed the thing between our reading and our writing it."""

    code = "stale_write"
    repeatable = True
