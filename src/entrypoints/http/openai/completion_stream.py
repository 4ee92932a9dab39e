"""The stream of a chat completion: the provider's events as they come, relabelled, then the usage if asked for, and the end."""

import asyncio
import logging
from contextlib import aclosing
from typing import Any, Final

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import json

from application.completions.settlement import Passed
from application.ports.chat_model import ModelFailed
from domain.runs.run import RunStatus, Usage
from entrypoints.http.openai.relabelling import Relabelled
from entrypoints.http.stall_watch import StallWatch
from entrypoints.http.streaming import EVENTS_HEAD, cutter, disconnected, straight, write
from entrypoints.http.wire import ErrorBody, ErrorOut

_PATIENCE: Final = 30.0
_LOST: Final = "The model could not finish its reply. Please try again."
_log = logging.getLogger(__name__)


def kept_at(passed: Passed) -> dict[str, str]:
    """Return the header that names the session, if the exchange is kept."""
    return {} if passed.kept is None else {"location": f"/v1/sessions/{passed.kept.session.id}"}


class CompletionStream(Response[None]):
    """An answer that passes a completion on. Its usage is booked before the end is told, or when the caller has left."""

    def __init__(self, passed: Passed, *, tells_usage: bool) -> None:
        super().__init__(None)
        self._passed, self._tells_usage = passed, tells_usage
        self._relabelled = Relabelled(passed.id, passed.asked, int(passed.created_at.timestamp()))
        self._head = [*EVENTS_HEAD, *((name.encode(), value.encode()) for name, value in kept_at(passed).items())]

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> ASGIApp:  # type: ignore[override]
        """Return the writer of the stream; cookies and the like of other answers do not apply."""
        return self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        opened, status = self._passed.opened, RunStatus.CANCELLED
        gone = asyncio.ensure_future(disconnected(receive))
        gone.add_done_callback(lambda _: opened.close())
        stall = StallWatch(_PATIENCE, cutter(scope))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self._head})
            send = straight(scope, send)
            lost = await self._pass_on(send, stall)
            if not gone.done():
                status = RunStatus.COMPLETED if lost is None else RunStatus.FAILED
        finally:
            opened.close()
            usage = await settled(self._passed, status)
            stall.close()
            gone.cancel()
        if status is RunStatus.COMPLETED:
            last = self._relabelled.end(opened.usage, usage, tells_usage=self._tells_usage)
        else:
            last = _error(scope)
        await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _pass_on(self, send: Send, stall: StallWatch) -> ModelFailed | None:
        """Send what comes and return None, or why there is no more."""
        relabel = self._relabelled.events
        try:
            async with aclosing(self._passed.opened.pieces()) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    await write(send, stall, relabel(piece))
        except ModelFailed as failure:
            _log.warning("a completion broke off", extra={"completion": self._passed.id, "reason": str(failure)})
            return failure
        return None


async def settled(passed: Passed, status: RunStatus) -> Usage:
    """Settle even while this task is being cancelled: what the provider was paid for is booked."""
    settling = asyncio.ensure_future(passed.settle(status))
    try:
        return await asyncio.shield(settling)
    except asyncio.CancelledError:
        await settling
        raise


def _error(scope: Scope) -> bytes:
    request_id = str(scope.get("state", {}).get("request_id", ""))
    body = ErrorOut(ErrorBody("unavailable_error", ModelFailed.code, _LOST, None, request_id))
    return b"data: " + json.encode(body) + b"\n\n"
