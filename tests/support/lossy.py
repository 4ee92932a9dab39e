"""A way to the application on which every answer is lost."""

from typing import Any

import httpx
from litestar.types import ASGIApp


def lossy_client(app: ASGIApp) -> httpx.AsyncClient:
    """Return a client whose requests arrive and are carried out; instead of their answers it raises ConnectionResetError."""

    async def lose(scope: Any, receive: Any, send: Any) -> None:
        async def lost(_: Any) -> None:
            """Take the message and keep it."""

        await app(scope, receive, lost)
        raise ConnectionResetError

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=lose), base_url="http://test")
