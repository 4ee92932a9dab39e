"""How far a caller has seen: the header `x-position` and the cookie `ola_position`, told with each write, sent with each reading.

A caller that sends none reads what is newest. One that does may be answered by a replica that has come so far, and never sees
its own change undone.
"""

from http.cookies import SimpleCookie
from typing import Any, Final

from litestar.connection import ASGIConnection

from application.actor import Actor
from application.freshness import MOST_PENDING, Freshness, MalformedPosition, Position, Tolerance, freshness_from
from application.ports.positions import Positions
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId
from entrypoints.http.cookies import SESSION_COOKIE

POSITION_HEADER: Final = "x-position"
POSITION_COOKIE: Final = "ola_position"
# By then every replica that is read from has what was written, so that nobody needs the cookie any more.
_LIFETIME_SECONDS: Final = 600
_SOCKET_LIFETIME_SECONDS: Final = 86_400
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
Headers = list[tuple[bytes, bytes]]


def freshness_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Freshness:
    """Return how new what a signed-in caller reads has to be."""
    freshness: Freshness = connection.scope["state"]["freshness"]
    return freshness


def note_freshness(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Note what the caller asks for; MalformedPosition for a bad header. A cookie that cannot be read counts as none."""
    connection.scope["state"]["freshness"] = _asked(connection)


def _asked(connection: ASGIConnection[Any, Any, Any, Any]) -> Freshness:
    sent = connection.headers.get(POSITION_HEADER)
    if sent is not None:
        return freshness_from(sent.strip(), param=POSITION_HEADER)
    kept = connection.cookies.get(POSITION_COOKIE) if "cookie" in connection.headers else None
    try:
        return Tolerance.FRESH if kept is None else freshness_from(kept, param=POSITION_COOKIE)
    except MalformedPosition:
        return Tolerance.FRESH


def follows(connection: ASGIConnection[Any, Any, Any, Any], run_id: RunId) -> None:
    """Note that the request began what a run will end."""
    connection.scope["state"]["pending"] = (run_id,)


def socket_headers(positions: Positions) -> Headers:
    """Return what a socket is opened with: it cannot tell positions later, so its browser reads what is newest."""
    return [_cookie(Tolerance.FRESH.value, _SOCKET_LIFETIME_SECONDS, secure=False)] if positions.kept else []


class TellsPositions:
    """Puts the caller's position into the answers that changed something, or after which a change is no longer pending."""

    def __init__(self, positions: Positions) -> None:
        self._positions, self.kept = positions, positions.kept

    async def headers(self, scope: Any) -> Headers:
        """Return the headers of a successful answer; none when nothing is to be told, or the shard cannot be asked."""
        actor: Actor | None = scope.get("auth")
        if actor is None:
            return []
        before = _pending_of(scope["state"]["freshness"])
        if scope["method"] in _SAFE and not before:
            return []
        pending = (*before, *scope["state"].get("pending", ()))
        try:
            return _told(scope, await self._position(actor, pending))
        except Unavailable:
            return _told(scope, Tolerance.FRESH)

    async def _position(self, actor: Actor, pending: tuple[RunId, ...]) -> Freshness:
        position = await self._positions.note(actor.user_id, tuple(dict.fromkeys(pending)))
        return position if len(position.pending) <= MOST_PENDING else Tolerance.FRESH


def _pending_of(freshness: Freshness) -> tuple[RunId, ...]:
    return freshness.pending if isinstance(freshness, Position) else ()


def _told(scope: Any, freshness: Freshness) -> Headers:
    text = freshness.value if isinstance(freshness, Tolerance) else str(freshness)
    named = dict(scope["headers"])
    headers = [(POSITION_HEADER.encode(), text.encode())]
    cookies = SimpleCookie(named.get(b"cookie", b"").decode("latin-1"))
    # A socket's browser goes on reading what is newest: its position does not cover what the socket does.
    by_cookie = b"authorization" not in named and SESSION_COOKIE in cookies
    kept = cookies.get(POSITION_COOKIE)
    if by_cookie and not (kept is not None and kept.value == Tolerance.FRESH.value):
        headers.append(_cookie(text, _LIFETIME_SECONDS, secure=scope.get("scheme") == "https"))
    return headers


def _cookie(text: str, seconds: int, *, secure: bool) -> tuple[bytes, bytes]:
    line = f"{POSITION_COOKIE}={text}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
    return b"set-cookie", line.encode()
