"""Answers to what never became a request, in the envelope of all errors."""

from http import HTTPStatus

from msgspec import json

from entrypoints.http.envelope import new_request_id
from entrypoints.http.wire import ErrorBody, ErrorOut


def refusal(status: int, code: str, message: str) -> bytes:
    """Return the whole answer, after which the connection is closed."""
    request_id = new_request_id()
    body = json.encode(ErrorOut(ErrorBody("invalid_request_error", code, message, None, request_id)))
    lines = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "content-type: application/json", f"content-length: {len(body)}",
        f"x-request-id: {request_id}", "x-content-type-options: nosniff", "cache-control: private, no-store",
        "connection: close", "", "",
    )
    return "\r\n".join(lines).encode() + body
