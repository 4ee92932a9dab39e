"""Who may pass: guards run before the body is read, so a stranger costs nothing.

One guard per route: Litestar copies the handler for each.
"""

import hmac
from typing import Annotated, Any, Final, TypeVar

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from application.actor import Actor
from application.users.authenticate import AuthenticateCommand
from domain.shared.errors import Forbidden, Unauthenticated
from entrypoints.http.cookies import CSRF_HEADER, SESSION_COOKIE, csrf_token
from entrypoints.http.positions import note_freshness

T = TypeVar("T")
# Given to a handler when the application is made: see areas.py.
UseCase = Annotated[T, "given at the start"]
SignedIn = Request[None, Actor, State]
MaybeSignedIn = Request[None, Actor | None, State]
Connection = ASGIConnection[Any, Any, Any, Any]
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class CsrfFailed(Forbidden):
    """A browser's cookie came without the header that proves that our own page sent it."""

    code = "csrf_failed"


def secret_of(connection: Connection) -> str | None:
    """Return the token or key that came along, or None; a cookie counts for a change only with its CSRF header."""
    header = connection.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthenticated("The Authorization header must be 'Bearer <token>'.")
        return secret.strip()
    cookie = connection.cookies.get(SESSION_COOKIE)
    if cookie and connection.scope["method"] not in _SAFE:  # type: ignore[typeddict-item]
        sent = connection.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(sent.encode(), csrf_token(cookie).encode()):
            raise CsrfFailed(f"The header {CSRF_HEADER} must repeat the cookie ola_csrf.")
    return cookie or None


async def anybody(connection: Connection, _: BaseRouteHandler) -> None:
    """Let everybody pass whose body does not say to be anything but JSON."""
    _require_json(connection)


async def signed_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Let callers with a good token or key pass; `request.auth` is the actor."""
    _require_json(connection)
    secret = secret_of(connection)
    if secret is None:
        raise Unauthenticated("Sign in first: send 'Authorization: Bearer <token>'.")
    note_freshness(connection)
    connection.scope["auth"] = await connection.app.state.authenticate.execute(AuthenticateCommand(secret))


async def maybe_signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let everybody pass; a token that is sent must be good all the same."""
    if connection.headers.get("authorization") is None and SESSION_COOKIE not in connection.cookies:
        connection.scope["auth"] = None
    else:
        await signed_in(connection, handler)


def _require_json(connection: Connection) -> None:
    headers = connection.headers
    kind = headers.get("content-type", "")
    if not kind or connection.scope["method"] in _SAFE or kind.lower().startswith("application/json"):  # type: ignore[typeddict-item]
        return
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise HTTPException("Send the body as 'Content-Type: application/json'.", status_code=415)
