"""An export on its way out, line by line, as slowly as its reader reads."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, Final

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from application.export.export_user import Export, Exported
from domain.shared.errors import Conflict, DomainError
from domain.shared.identifiers import UserId
from domain.users.limits import Plans
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.export_wire import ExportEnd, ExportHead, encode_line, line_of
from entrypoints.http.stall_watch import StallWatch
from entrypoints.http.streaming import cutter, disconnected, write

_MOST_AT_ONCE: Final = 64


class ExportInProgress(Conflict):
    """The user is being sent an export already."""

    code = "export_in_progress"
    repeatable = True


class OpenExports:
    """Who is being sent an export by this process: one at a time is enough for everybody."""

    def __init__(self) -> None:
        self._users: set[UserId] = set()

    def require_none(self, user_id: UserId) -> None:
        """Return if the user is being sent none; ExportInProgress."""
        if user_id in self._users:
            raise ExportInProgress("You are being sent an export already; wait for its end.")

    @contextmanager
    def sending(self, user_id: UserId) -> Iterator[None]:
        """Count the user among those who are being sent one; ExportInProgress."""
        self.require_none(user_id)
        self._users.add(user_id)
        try:
            yield
        finally:
            self._users.discard(user_id)


class ExportStream(Response[None]):
    """The lines of an export. It ends with its last line or not at all: what breaks it off breaks the connection."""

    def __init__(self, export: Export, plans: Plans, exports: OpenExports, streams: OpenStreams) -> None:
        super().__init__(None)
        self._export, self._plans, self._exports, self._streams = export, plans, exports, streams

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> ASGIApp:  # type: ignore[override]
        """Return the writer of the stream."""
        return self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._exports.sending(self._export.user_id):
            gone = asyncio.ensure_future(disconnected(receive))
            cut = cutter(scope)
            stall = StallWatch(self._streams.pace.patience, cut)
            try:
                await send({"type": "http.response.start", "status": 200, "headers": self._headers()})
                if not await self._write_all(send, stall, gone) and not gone.done():
                    cut()
                    await asyncio.wait({gone})
            finally:
                stall.close()
                gone.cancel()

    async def _write_all(self, send: Send, stall: StallWatch, gone: "asyncio.Future[None]") -> bool:
        """Write everything and return whether it came to the end."""
        counts: Counter[str] = Counter()
        await write(send, stall, encode_line(ExportHead(self._export.user_id, self._export.started_at)))
        try:
            async with aclosing(self._export.pages) as pages:
                async for page in pages:
                    for start in range(0, len(page), _MOST_AT_ONCE):
                        if gone.done() or self._streams.draining:
                            return False
                        await write(send, stall, self._encoded(page[start : start + _MOST_AT_ONCE], counts))
                        await asyncio.sleep(0)
        except DomainError:
            return False
        await write(send, stall, encode_line(ExportEnd(dict(counts))), more=False)
        return True

    def _encoded(self, things: Sequence[Exported], counts: Counter[str]) -> bytes:
        lines = [line_of(thing, self._plans) for thing in things]
        counts.update(line.type for line in lines)
        return b"".join(encode_line(line) for line in lines)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        day = self._export.started_at.date().isoformat()
        return [
            (b"content-type", b"application/x-ndjson"),
            (b"content-disposition", f'attachment; filename="onelast-{day}.ndjson"'.encode()),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
