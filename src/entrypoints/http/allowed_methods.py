"""OPTIONS: the methods of a path (RFC 9110, section 9.3.7).

Litestar tells those of the handler that was registered first, and leaves out the others at the same path.
"""

from collections.abc import Iterator
from typing import Any

from litestar import Litestar
from litestar.types import ASGIApp, Receive, Scope, Send


def tell_methods(app: Litestar) -> None:
    """Have each path answer OPTIONS with all of its methods."""
    for node in _nodes(app.asgi_router.root_route_map_node):
        known = node.asgi_handlers.get("OPTIONS")
        if known is not None:
            methods = {*node.asgi_handlers, *(["HEAD"] if "GET" in node.asgi_handlers else [])}
            node.asgi_handlers["OPTIONS"] = known._replace(asgi_app=_telling(", ".join(sorted(methods)).encode()))


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node.children.values():
        yield from _nodes(child)


def _telling(methods: bytes) -> ASGIApp:
    async def tell(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", methods)]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return tell
