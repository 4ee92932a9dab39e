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
from application.limits.admit_request import AdmitRequest
from application.users.authenticate import Authenticate, AuthenticateCommand
from domain.shared.errors import Forbidden, Unauthenticated
from entrypoints.http.cookies import CSRF_HEADER, SESSION_COOKIE, csrf_token
from entrypoints.http.limits import admit
from entrypoints.http.positions import note_freshness
from entrypoints.http.scopes import require_allowed

T = TypeVar("T")
# Given to a handler when the application is made: see areas.py.
UseCase = Annotated[T, "given at the start"]
SignedIn = Request[None, Actor, State]
MaybeSignedIn = Request[None, Actor | None, State]
Connection = ASGIConnection[Any, Any, Any, Any]
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ACTOR: Final = "actor"


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


async def signing_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Let everybody pass but pages of other sites, which would sign a browser in as somebody whom its user is not."""
    _require_json(connection)
    headers = connection.headers
    if headers.get("sec-fetch-site") == "cross-site" and not connection.app.state.manners.allows(headers.get("origin", "")):
        raise CsrfFailed("Pages of other sites sign nobody in here; see ONELAST_CORS_ORIGINS.")


async def signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let callers with a good token or key pass that is good for this route too, and who are within their limits.

    `request.auth` is the actor.
    """
    await _admitted(connection, handler, replies=False)


async def replying(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let callers pass as `signed_in` does, who begin a reply: it takes one of the caller's streams, and tokens."""
    await _admitted(connection, handler, replies=True)


async def maybe_signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let everybody pass; a token that is sent must be good all the same."""
    if connection.headers.get("authorization") is None and SESSION_COOKIE not in connection.cookies:
        connection.scope["auth"] = None
    else:
        await signed_in(connection, handler)


async def whoever(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let everybody pass, whatever token is sent: one that is good for nothing makes its sender a stranger."""
    try:
        await maybe_signed_in(connection, handler)
    except Unauthenticated:
        connection.scope["auth"] = None


async def admitted(
    authenticate: Authenticate, admit_request: AdmitRequest, scope: Any, secret: str, needed: str | None, *, replies: bool
) -> Actor:
    """Return who asks, if that one may: found out and counted once for each request, whoever asks again on its way."""
    state = scope["state"]
    actor: Actor | None = state.get(_ACTOR)
    if actor is None:
        actor = state[_ACTOR] = await authenticate.execute(AuthenticateCommand(secret))
    # Whatever is refused from here on tells the caller's limits too.
    await admit(admit_request, scope, actor, replies=replies)
    require_allowed(actor, needed)
    return actor


async def _admitted(connection: Connection, handler: BaseRouteHandler, *, replies: bool) -> None:
    secret = secret_of(connection)
    if secret is None:
        raise Unauthenticated("Sign in first: send 'Authorization: Bearer <token>'.")
    parts, needed = connection.app.state, handler.opt.get("scope")
    actor = await admitted(parts.authenticate, parts.admit_request, connection.scope, secret, needed, replies=replies)
    _require_json(connection)
    note_freshness(connection)
    connection.scope["auth"] = actor


def _require_json(connection: Connection) -> None:
    if connection.scope["method"] in _SAFE:  # type: ignore[typeddict-item]
        return
    headers = connection.headers
    # What is small when it comes and large when it is read would slip past the bound on bodies.
    if headers.get("content-encoding", "identity") != "identity":
        raise HTTPException("Send the body as it is, without a 'Content-Encoding'.", status_code=415)
    kind = headers.get("content-type", "")
    if not kind or kind.lower().startswith("application/json"):
        return
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise HTTPException("Send the body as 'Content-Type: application/json'.", status_code=415)
