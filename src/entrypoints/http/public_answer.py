"""Answers that everybody may read and shared caches may keep (RFC 9110, 9111 and 5861)."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import json

from application.ports.edge import EdgeDialect
from entrypoints.http.codings import IDENTITY
from entrypoints.http.entity_tags import is_known
from entrypoints.http.manners import POLICY
from entrypoints.http.negotiation import choice_of
from entrypoints.http.rendered import RenderedAnswer

Headers = list[tuple[bytes, bytes]]
# Browsers ask again each time (a 304 is cheap); the edge keeps it, because a change purges it by its surrogate keys. What was
# purged may be shown for one second more, while one request fetches it anew, and for an hour while the origin is away.
_SHARED: Final = b"public, max-age=0, s-maxage=60, stale-while-revalidate=1, stale-if-error=3600"
# What its owner may take back is not shown while nobody can be asked; and search engines leave it out.
_REVOCABLE: Final = b"public, max-age=0, s-maxage=60, stale-while-revalidate=1, stale-if-error=0"
_NOT_INDEXED: Final = (b"x-robots-tag", b"noindex")
_OWN: Final = b"private, no-cache"
_VARY: Final = b"Accept-Encoding"
_VARY_BY_CALLER: Final = b"Accept-Encoding, Authorization, Cookie"


class PublicAnswer(Response[Any]):
    """An answer with an entity tag and surrogate keys; 304 without a body when the caller has it already.

    `content` is encoded as JSON unless it is rendered already. An answer that bears a caller's own headers is not `shared`:
    only the caller's browser keeps it, and asks before it shows it again. A `revocable` one is never shown out of date for long.
    A page has a content security `policy` of its own.
    """

    def __init__(
        self, content: Any, keys: Sequence[str], *, shared: bool = True, revocable: bool = False,
        media_type: str = "application/json", policy: bytes | None = None,
    ) -> None:
        super().__init__(None)
        self._answer = content if isinstance(content, RenderedAnswer) else RenderedAnswer(json.encode(content))
        self._keys = tuple(keys)
        self._shared, self._revocable, self._kind, self._policy = shared, revocable, media_type, policy

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> ASGIApp:  # type: ignore[override]
        """Return the writer of the answer."""
        return _written(*self.reply(request.scope["headers"], request.app.state.edge))

    def reply(self, sent: Headers, edge: EdgeDialect) -> tuple[int, Headers, bytes]:
        """Return status, headers and body for a request with these headers."""
        head = self._head(edge)
        known = [value for name, value in sent if name == b"if-none-match"]
        if known and is_known(b", ".join(known).decode("latin-1"), self._answer.etag):
            return 304, head, b""
        coding, body = self._answer.chosen(choice_of(sent))
        if coding != IDENTITY:
            head.append((b"content-encoding", coding.encode()))
        head += [(b"content-type", self._kind.encode()), (b"content-length", b"%d" % len(body))]
        return 200, head, body

    def _head(self, edge: EdgeDialect) -> Headers:
        """Return what 200 and 304 have in common."""
        head = [
            (b"cache-control", _REVOCABLE if self._revocable else _SHARED if self._shared else _OWN),
            (b"vary", _VARY if self._shared else _VARY_BY_CALLER),
            (b"etag", self._answer.etag.encode()),
            (edge.header.lower().encode(), edge.separator.join(self._keys).encode()),
        ]
        if self._policy is not None:
            head.append((POLICY, self._policy))
        return [*head, _NOT_INDEXED] if self._revocable else head


def _written(status: int, head: Headers, body: bytes) -> ASGIApp:
    async def write(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return write
