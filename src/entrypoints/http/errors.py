"""From facts to answers: one table maps families of errors to status codes, one envelope carries them."""

import logging
import math
import re
from typing import Any, Final

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import json

from application.idempotency import RequestInProgress
from domain.shared.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    LimitExceeded,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from entrypoints.http.wire import ErrorBody, ErrorOut

_log = logging.getLogger(__name__)
_FAMILIES: Final[tuple[tuple[type[DomainError], int, str], ...]] = (
    (Unauthenticated, 401, "authentication_error"),
    (Forbidden, 403, "permission_error"),
    (NotFound, 404, "not_found_error"),
    (Conflict, 409, "conflict_error"),
    (Invalid, 422, "invalid_request_error"),
    (LimitExceeded, 429, "rate_limit_error"),
    (Unavailable, 503, "unavailable_error"),
)
_CODES: Final = {
    400: "malformed_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    413: "body_too_large", 415: "unsupported_media_type", 422: "invalid", 429: "rate_limit_exceeded", 503: "overloaded",
}
_LONGEST_WAIT: Final = 120
_LONGEST_MESSAGE: Final = 500
_UNKNOWN_FIELD: Final = re.compile(r"unknown field `([^`]*)`")
_NO_BODY: Final = "'data'"  # how Litestar says that a body is missing
_GONE: Final = "client disconnected prematurely"  # Litestar's 500 for a caller who left in the middle of the body
_MISSING_FIELD: Final = re.compile(r"missing required field `([^`]*)`")


def told(error: DomainError) -> tuple[int, str, str]:
    """Return the status and the type of the error's family, and what callers are told about it."""
    status, kind = next(((s, k) for family, s, k in _FAMILIES if isinstance(error, family)), (500, "api_error"))
    return status, kind, "The service is not available for a moment; please try again." if status == 503 else error.message


def brief(text: str) -> str:
    """Return the text, cut where it repeats more of what somebody sent than anybody will read."""
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def retry_after(error: DomainError | None) -> str:
    """Return in how many whole seconds trying again may help, at most 120."""
    seconds = error.retry_after if isinstance(error, LimitExceeded) else 1.0
    return str(min(max(math.ceil(seconds), 1), _LONGEST_WAIT))


def named_field(message: str) -> str | None:
    """Return the field that a decoder's complaint calls unknown or missing."""
    named = _UNKNOWN_FIELD.search(message) or _MISSING_FIELD.search(message)
    return named[1] if named else None


def request_id_of(request: Request[Any, Any, Any]) -> str:
    """Return the identifier of this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def answer(
    request: Request[Any, Any, Any], status: int, kind: str, code: str, message: str, param: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """Return an error in the envelope."""
    body = ErrorOut(ErrorBody(kind, code, brief(message), None if param is None else brief(param), request_id_of(request)))
    extra = {"cache-control": "private, no-store", **(headers or {})}
    return Response(json.encode(body), status_code=status, media_type=MediaType.JSON, headers=extra)


def on_domain_error(request: Request[Any, Any, Any], error: DomainError) -> Response[bytes]:
    """Answer with the family's status; conflicts say whether repeating can help."""
    status, kind, message = told(error)
    headers: dict[str, str] = {}
    if status in (429, 503) or isinstance(error, RequestInProgress):
        headers["retry-after"] = retry_after(error)
    if status in (409, 429):
        headers["x-should-retry"] = "true" if error.repeatable else "false"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return answer(request, status, kind, error.code, message, error.param, headers)


def fault_in(error: ValidationException) -> tuple[str | None, str | None]:
    """Return the decoder's first complaint and the field that it is about; no complaint where there is no body at all."""
    extra = error.extra if isinstance(error.extra, list) and error.extra else [{}]
    first: dict[str, Any] = extra[0]
    message = str(first.get("message", error.detail))
    if message == _NO_BODY:
        return None, None
    key = str(first.get("key", "")).replace("[...]", "")
    named = named_field(message)
    path = [part for part in key.split(".") if part not in ("data", "")]
    return message, ".".join([*path, named] if named else path) or None


def on_validation_error(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """Answer 422, naming the first field at fault; 400 where there is no body at all."""
    message, param = fault_in(error)
    if message is None:
        return answer(request, 400, "invalid_request_error", "malformed_request", "A JSON body is needed.")
    return answer(request, 422, "invalid_request_error", "invalid", message, param)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer with the framework's own status in our envelope."""
    status = error.status_code
    if error.detail == _GONE:
        return answer(request, 400, "invalid_request_error", "malformed_request", "The body never came.")
    if status >= 500:
        return on_unknown_error(request, error)
    kind = next((k for _, s, k in _FAMILIES if s == status), "invalid_request_error")
    message = "The body is not valid JSON." if status == 400 else error.detail
    return answer(request, status, kind, _CODES.get(status, "invalid_request"), message, headers=dict(error.headers or {}))


def on_unknown_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer 500 and leak nothing; the log has the rest."""
    _log.error("unhandled error", exc_info=error, extra={"request_id": request_id_of(request)})
    return answer(request, 500, "api_error", "internal_error", "Something went wrong on our side.")


def on_broken_json(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer 400 where the decoder lets another library's error through: for bytes that are no text, or nested too deeply."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not str(last.tb_frame.f_globals.get("__name__")).startswith("litestar.serialization"):
        return on_unknown_error(request, error)
    return answer(request, 400, "invalid_request_error", "malformed_request", "The body is not valid JSON.")


HANDLERS: Final = {
    DomainError: on_domain_error,
    UnicodeDecodeError: on_broken_json,
    RecursionError: on_broken_json,
    ValidationException: on_validation_error,
    HTTPException: on_http_error,
    Exception: on_unknown_error,
}
