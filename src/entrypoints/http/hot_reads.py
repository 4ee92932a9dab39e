"""The most frequent readings, answered in front of the framework, whose routing and parsing cost more than all the rest.

Only what is simple is answered here: everything else, and whatever fails, goes to the framework, which says the same in more
words. Measured by `python -m bench --only cached`.
"""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import json

from application.actor import Actor
from application.paging import Page, PageRequest
from application.sessions.views import SessionView
from domain.sessions.message import Message
from domain.shared.errors import DomainError
from domain.shared.identifiers import SessionId, parse_identifier
from domain.users.scopes import Scope as KeyScope
from entrypoints.http.access import admitted
from entrypoints.http.codings import IDENTITY
from entrypoints.http.negotiation import choice_of
from entrypoints.http.parameters import session_in_path
from entrypoints.http.positions import POSITION_HEADER
from entrypoints.http.rendered import Rendered
from entrypoints.http.wire import MessageOut, SessionOut, list_of

V = TypeVar("V")
Read = Callable[[Actor, Any, PageRequest], Awaitable[V]]
_PATH: Final = re.compile(r"/v1/sessions(?:/(session_\w{26})(/messages)?)?")
_QUERY: Final = re.compile(rb"(?:limit=([1-9]\d?|100))?(?:&?(?:(after|before)=((?:message|session)_\w{26})))?")
_JSON: Final = (b"content-type", b"application/json")
_VARY: Final = (b"vary", b"Accept-Encoding")
_ENCODINGS: Final = {coding: (b"content-encoding", coding.encode()) for coding in ("zstd", "br", "gzip")}
# What asks for more than the newest: the framework reads it.
_BEYOND: Final = frozenset({b"cookie", POSITION_HEADER.encode()})


class _Reading(Generic[V]):
    """One kind of reading, by the template of its path; `items` are those of its pages."""

    def __init__(self, template: str, items: str | None, read: Read[V], encode: Callable[[V], bytes]) -> None:
        self.template, self.items, self._read, self._answers = template, items, read, Rendered(encode)

    async def answer(self, scope: Any, actor: Actor, session_id: SessionId | None, page: PageRequest, send: Send) -> None:
        view = await self._read(actor, session_id, page)
        answer = self._answers.render((session_id or actor.user_id, scope["query_string"]), view)
        coding, body = answer.chosen(choice_of(scope["headers"]))
        headers = [_JSON, _VARY, (b"content-length", b"%d" % len(body))]
        if coding != IDENTITY:
            headers.append(_ENCODINGS[coding])
        scope["path_template"] = self.template
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


class HotReads:
    """Answers GET of sessions, of one, and of pages of its messages to callers with a bearer token."""

    def __init__(
        self, app: ASGIApp, authenticate: Any, admit_request: Any, list_sessions: Any, read_session: Any, read_messages: Any
    ) -> None:
        self._app, self._authenticate, self._admit_request = app, authenticate, admit_request
        self._list: _Reading[Page[SessionView]] = _Reading(
            "/v1/sessions", "session", lambda actor, _, page: list_sessions.execute(actor, page, None),
            lambda page: json.encode(list_of(page, SessionOut.of)),
        )
        self._session: _Reading[SessionView] = _Reading(
            "/v1/sessions/{session_id}", None, lambda actor, wanted, _: read_session.execute(actor, wanted),
            lambda view: json.encode(SessionOut.of(view)),
        )
        self._messages: _Reading[Page[Message]] = _Reading(
            "/v1/sessions/{session_id}/messages", "message", read_messages.execute,
            lambda page: json.encode(list_of(page, MessageOut.of)),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        found = _PATH.fullmatch(scope["path"]) if scope.get("method") == "GET" else None
        if found is None or not await self._answered(scope, found, send):
            await self._app(scope, receive, send)

    async def _answered(self, scope: Any, found: re.Match[str], send: Send) -> bool:
        """Answer, and return whether that was possible: nothing was sent if not."""
        secret = _bearer(scope["headers"])
        reading: _Reading[Any] = self._list if found[1] is None else self._session if found[2] is None else self._messages
        try:
            page = _page(scope["query_string"], reading.items)
            if secret is None or page is None:
                return False
            actor = await admitted(self._authenticate, self._admit_request, scope, secret, KeyScope.READ, replies=False)
            session_id = None if found[1] is None else session_in_path(found[1])
            await reading.answer(scope, actor, session_id, page, send)
        except DomainError:
            return False
        return True


def _bearer(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the token, or None if there is none or the request asks for more than a token does."""
    secret = None
    for name, value in headers:
        if name in _BEYOND:
            return None
        if name == b"authorization":
            if not value.startswith(b"Bearer ") or secret is not None:
                return None
            secret = value[7:].strip().decode("latin-1")
    return secret or None


_FIRST: Final = PageRequest()


@lru_cache(512)
def _page(query: bytes, items: str | None) -> PageRequest | None:
    if not query:
        return _FIRST
    asked = None if items is None else _QUERY.fullmatch(query)
    if asked is None or items is None:
        return None
    limit, way, text = asked.groups()
    cursor = None if text is None else parse_identifier(items, text.decode(), param="after")
    return PageRequest(
        int(limit or _FIRST.limit), after=cursor if way == b"after" else None, before=cursor if way == b"before" else None
    )
