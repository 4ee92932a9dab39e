"""Who opens a socket: told by a header, by a subprotocol where a browser can set no header, or by a browser's cookie."""

from typing import Any, Final, cast
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.types import Scope

from domain.shared.errors import Forbidden, Unauthenticated
from entrypoints.http.access import secret_of

SUBPROTOCOL: Final = "onelast"
_BEARER: Final = "bearer."


class ForeignOrigin(Forbidden):
    """Another site's page opens a socket with our user's cookie."""

    code = "foreign_origin"


def secret_offered(scope: Scope) -> str:
    """Return the token or key that came along; Unauthenticated, ForeignOrigin."""
    # The handshake is a GET; what the connection caches goes with this copy of the scope.
    handshake: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(cast("Scope", {**scope, "method": "GET", "state": {}}))
    by_header = "authorization" in handshake.headers
    secret = None if by_header else _in_subprotocols(scope)
    if secret is not None:
        return secret
    secret = secret_of(handshake)
    if secret is None:
        raise Unauthenticated("Sign in first: send 'Authorization: Bearer <token>', or offer 'onelast' and 'bearer.<token>'.")
    if not by_header:
        _require_own_page(handshake)
    return secret


def chosen_subprotocol(scope: Scope) -> str | None:
    """Return what to answer to the subprotocols on offer."""
    return SUBPROTOCOL if SUBPROTOCOL in cast("Any", scope)["subprotocols"] else None


def _in_subprotocols(scope: Scope) -> str | None:
    if chosen_subprotocol(scope) is None:
        return None
    offered = cast("list[str]", cast("Any", scope)["subprotocols"])
    return next((one.removeprefix(_BEARER) for one in offered if one.startswith(_BEARER)), None)


def _require_own_page(handshake: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Return if the page has the host that it speaks to (RFC 6455, 10.2: a browser tells the page's origin)."""
    origin, host = handshake.headers.get("origin", ""), handshake.headers.get("host", "")
    if not host or _host_in(origin) != host.lower():
        raise ForeignOrigin("With the cookie, only pages of this host open sockets.")


def _host_in(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
