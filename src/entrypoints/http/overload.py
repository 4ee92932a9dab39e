"""Being refused before the framework: with what one may repeat, here in a moment or elsewhere."""

from litestar.types import Send
from msgspec import json

from domain.shared.errors import Unavailable
from entrypoints.http.wire import ErrorBody, ErrorOut


async def tell_overloaded(send: Send, request_id: str, message: str, *more: tuple[bytes, bytes]) -> None:
    """Answer 503 in the envelope of all errors, with `more` headers."""
    body = json.encode(ErrorOut(ErrorBody("unavailable_error", Unavailable.code, message, None, request_id)))
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"1"), (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
