"""Which errors an operation can answer with: what its guards, its body and its parameters bring with them.

An answer that only some operations give stands in the `responses` of their handlers.
"""

from collections.abc import Mapping
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from entrypoints.http.access import anybody, maybe_signed_in, replying, signed_in, signing_in, whoever
from entrypoints.http.openai.errors import HANDLERS as OPENAI

DESCRIPTIONS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Malformed", "The request cannot be read, or the dialect calls it invalid; `param` names the field at fault."),
    401: ("Unauthenticated", "Nobody is signed in by what was sent."),
    403: ("Forbidden", "The caller's role or scopes do not allow this, or a page of another site asked."),
    404: ("NotFound", "There is no such thing, or it is somebody else's."),
    409: ("Conflict", "The state of things forbids it; `x-should-retry` tells whether repeating can help."),
    413: ("TooLarge", "The body is longer than 1 MiB."),
    415: ("UnsupportedMediaType", "The body is not sent as plain JSON."),
    422: ("Invalid", "A field breaks a rule; `param` names it."),
    429: ("LimitExceeded", "A limit is reached; `Retry-After` tells when to come again."),
    503: ("Unavailable", "Something that is needed is away for a moment."),
}
_BY_GUARD: Final[Mapping[Any, frozenset[int]]] = {
    anybody: frozenset({415}),
    signing_in: frozenset({403, 415, 429}),
    signed_in: frozenset({401, 403, 429}),
    replying: frozenset({401, 403, 404, 429}),
    maybe_signed_in: frozenset({401, 403, 429}),
    whoever: frozenset({401, 403, 429}),
}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN: Final = frozenset({anybody, signing_in})
_EITHER: Final = frozenset({maybe_signed_in, whoever})
_BEARER: Final[list[dict[str, list[str]]]] = [{"bearer": []}]


def error_statuses(handler: HTTPRouteHandler, operation: Mapping[str, Any]) -> frozenset[int]:
    """Return the statuses of the errors that an operation may answer with."""
    parameters = handler.parsed_fn_signature.parameters
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    statuses = {503} if handler.parsed_fn_signature.parameters or handler.resolve_guards() else set()
    for guard in handler.resolve_guards():
        statuses |= _BY_GUARD.get(guard, frozenset())
    if "requestBody" in operation:
        statuses |= {400, 413, 422}
    if not handler.http_methods & _SAFE and handler.resolve_guards():
        statuses.add(415)
    if places & {"query", "header"}:
        statuses.add(422)
    if "path" in places:
        statuses.add(404)
    if {"once", "idempotency_key"} & set(parameters):
        statuses |= {409, 422}
    return frozenset(_in_dialect(statuses) if _is_dialect(handler) else statuses)


def security_of(handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    """Return who may use an operation: nobody need be signed in, somebody may be, or has to be."""
    guards = set(handler.resolve_guards())
    if guards & _EITHER:
        return [{}, *_BEARER]
    return _BEARER if guards - _OPEN else []


def _is_dialect(handler: HTTPRouteHandler) -> bool:
    own = handler.resolve_exception_handlers()
    return all(own.get(kind) is one for kind, one in OPENAI.items())


def _in_dialect(statuses: set[int]) -> set[int]:
    """Return what a handler of the dialect answers: what is invalid is a 400 there, but for the key of a repetition."""
    return statuses | {400} if 422 in statuses else statuses
