"""What surrounds every request: its identifier, its log line, its measurements. Plain ASGI, so that it costs little."""

import logging
import os
import time
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from adapters.telemetry.metrics import Metrics

_access: Final = logging.getLogger("onelast.access")
_QUIET: Final = ("/livez", "/readyz", "/metrics")


class Envelope:
    """Gives each HTTP answer an `x-request-id`, counts it and writes one line about it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = "req_" + os.urandom(12).hex()
        scope.setdefault("state", {})["request_id"] = request_id  # type: ignore[typeddict-item]
        started, status = time.perf_counter(), 500
        header = (b"x-request-id", request_id.encode())

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            self._note(scope, status, time.perf_counter() - started, request_id)

    def _note(self, scope: Any, status: int, seconds: float, request_id: str) -> None:
        template = scope.get("path_template") or "unmatched"
        self._metrics.request(scope["method"], template, status, seconds)
        if template not in _QUIET and _access.isEnabledFor(logging.INFO):
            _access.info(
                "request",
                extra={
                    "method": scope["method"], "path": template, "status": status,
                    "ms": round(seconds * 1000, 2), "request_id": request_id,
                },
            )
