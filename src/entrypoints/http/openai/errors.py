"""Errors as OpenAI's clients know them: our envelope is theirs already; what differs are statuses and a few codes.

A body that breaks a rule is a 400 in this dialect, and what is not supported is refused by name, never passed over.
"""

from collections.abc import Iterable
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import ValidationException

from domain.shared.errors import DomainError, Invalid
from entrypoints.http.errors import answer, fault_in, on_domain_error, on_validation_error
from entrypoints.http.idempotency import HEADER as KEY_HEADER

_UNKNOWN: Final = "unknown field"
PAGING: Final = ("limit", "order", "after", "before")


class UnsupportedParameter(Invalid):
    """A parameter of OpenAI's that this API does not have; `param` names it."""

    code = "unsupported_parameter"


class UnsupportedValue(Invalid):
    """A parameter that this API has, with a value of OpenAI's that it does not; `param` names it."""

    code = "unsupported_value"


def unsupported(param: str) -> UnsupportedParameter:
    """Return the error that names the parameter."""
    return UnsupportedParameter(f"The parameter {param!r} is not supported here.", param=param)


def refuse_unsupported(given: Iterable[str], supported: Iterable[str]) -> None:
    """Return if all parameters given are supported; UnsupportedParameter for the first that is not."""
    known = frozenset(supported)
    for name in given:
        if name not in known:
            raise unsupported(name)


def refuse_query(request: Request[Any, Any, Any], *supported: str) -> None:
    """Return if the query has no other parameters than these; UnsupportedParameter. Lists come as `name[]`."""
    refuse_unsupported((name.removesuffix("[]") for name in request.query_params), supported)


def on_dialect_error(request: Request[Any, Any, Any], error: DomainError) -> Response[bytes]:
    """Answer as everywhere, but 400 to what is invalid; the key that makes a request safe to repeat is no part of the dialect."""
    response = on_domain_error(request, error)
    if isinstance(error, Invalid) and error.param != KEY_HEADER:
        response.status_code = 400
    return response


def on_dialect_validation_error(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """Answer 400, naming the first field at fault; one that we don't have is `unsupported_parameter`."""
    message, param = fault_in(error)
    if message is None:
        return on_validation_error(request, error)
    if param is not None and _UNKNOWN in message:
        return on_dialect_error(request, unsupported(param))
    return answer(request, 400, "invalid_request_error", "invalid_value", message, param)


# For `exception_handlers` of every handler of the dialect; what is not named here is answered as everywhere.
HANDLERS: Final = {DomainError: on_dialect_error, ValidationException: on_dialect_validation_error}
