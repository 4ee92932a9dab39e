"""The catalogue's first pages, answered in front of the framework like other frequent readings (hot_reads.py).

Whatever is not plain, or fails, goes to the framework. Measured by `python -m bench --only catalogue`.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from litestar.types import ASGIApp, Receive, Scope, Send

from application.agents.queries import ListAgents
from application.paging import PageRequest
from application.ports.edge import EdgeDialect
from domain.shared.errors import DomainError
from entrypoints.http.catalogue import CatalogueAnswers
from entrypoints.http.cookies import SESSION_COOKIE

_PATH: Final = "/v1/agents"
_QUERY: Final = re.compile(rb"limit=([1-9]\d?|100)")
_SIGNED_IN: Final = SESSION_COOKIE.encode() + b"="
_FIRST: Final = PageRequest()


class HotCatalogue:
    """Answers GET /v1/agents to whoever is not signed in, as the handler of that route does."""

    def __init__(self, app: ASGIApp, list_agents: ListAgents, answers: CatalogueAnswers, edge: EdgeDialect) -> None:
        self._app, self._list_agents, self._answers, self._edge = app, list_agents, answers, edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        plain = scope.get("method") == "GET" and scope["path"] == _PATH and not _is_signed_in(scope["headers"])
        page = _page(scope["query_string"]) if plain else None
        if page is None or not await self._answered(scope, page, send):
            await self._app(scope, receive, send)

    async def _answered(self, scope: Any, page: PageRequest, send: Send) -> bool:
        """Answer, and return whether that was possible: nothing was sent if not."""
        try:
            view = await self._list_agents.execute(page)
        except DomainError:
            return False
        status, head, body = self._answers.page(page, view).reply(scope["headers"], self._edge)
        scope["path_template"] = _PATH
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        return True


def _is_signed_in(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"authorization" or (name == b"cookie" and _SIGNED_IN in value) for name, value in headers)


def _page(query: bytes) -> PageRequest | None:
    if not query:
        return _FIRST
    asked = _QUERY.fullmatch(query)
    return None if asked is None else PageRequest(int(asked[1]))
