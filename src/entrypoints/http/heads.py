"""HEAD: what GET would answer, without the body (RFC 9110, section 9.3.2)."""

from typing import Any, cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send


class AnswersHead:
    """Has the application answer GET and leaves the body out; a stream ends when its head is sent, as if the viewer had left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope.get("method") != "HEAD":
            await self._app(scope, receive, send)
            return
        asked = cast("dict[str, Any]", {**scope, "method": "GET"})
        asked["state"].pop("send", None)  # nothing may go past us

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                # What the router found out is looked at by those around us.
                cast("dict[str, Any]", scope).update(asked, method="HEAD")
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(cast("Scope", asked), receive, send_head)
