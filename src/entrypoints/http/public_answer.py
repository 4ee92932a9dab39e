"""Answers that everybody may read and shared caches may keep (RFC 9110 and 9111)."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from litestar import Response
from litestar.response.base import ASGIResponse
from msgspec import json

T = TypeVar("T")
# Browsers ask again each time (a 304 is cheap); the edge keeps it, because a change purges it by its surrogate keys.
_CACHE_CONTROL: Final = "public, max-age=0, s-maxage=60"


class PublicAnswer(Response[T]):
    """A JSON answer with an entity tag and surrogate keys; 304 without a body when the caller has it already."""

    def __init__(self, content: T, keys: Sequence[str]) -> None:
        super().__init__(content)
        self._keys = " ".join(keys)

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> ASGIResponse:
        """Return the answer in bytes."""
        body = json.encode(self.content)
        tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers = {"cache-control": _CACHE_CONTROL, "etag": tag, "surrogate-key": self._keys}
        if _matches(request.headers.get("if-none-match"), tag):
            return ASGIResponse(status_code=304, headers=headers)
        return ASGIResponse(body=body, headers=headers, media_type="application/json")


def _matches(wanted: str | None, tag: str) -> bool:
    if wanted is None:
        return False
    return wanted.strip() == "*" or tag.removeprefix("W/") in [item.strip().removeprefix("W/") for item in wanted.split(",")]
