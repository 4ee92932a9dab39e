"""uvicorn's connections, which end even when their peer does not read what was sent, or does not send what it began."""

import asyncio
from typing import Final, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from entrypoints.http.joined_head import JoinedHead
from entrypoints.http.refusals import refusal
from entrypoints.http.stall_watch import StallWatch

_FIRST_REQUEST_SECONDS: Final = 0.5
_MOST_HEAD_BYTES: Final = 65_536


class HttpConnection(HttpToolsProtocol):
    """Offers `abort` in the state of every request: a stream whose viewer has stopped reading cannot be ended otherwise.

    A connection on which nobody has asked anything yet is not closed at once when the server leaves: its request is on its way.
    Each request has to come whole within `patience` seconds, from its first byte or, for the first one, from the connection on:
    uvicorn would hold half a request for ever. And its head may have 64 KiB and what one reading brings.
    """

    patience = 30.0
    leaving = False
    _coming: StallWatch
    _bare: asyncio.Transport
    _head_bytes: int | None = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection."""
        super().connection_made(transport)
        self._bare, self.transport = transport, cast("asyncio.Transport", JoinedHead(transport))
        self.app_state = {**self.app_state, "abort": transport.abort}
        self._coming = StallWatch(self.patience, self._waited_enough)
        self._coming.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._coming.close()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that grows without end is refused."""
        super().data_received(data)
        if self._head_bytes is not None and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES:
                self._refuse(431, "head_too_large", "The head of the request is longer than 64 KiB.")

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on, which is watched in another way from now on."""
        self._coming.close()
        self.transport = self._bare
        super().handle_websocket_upgrade()
        del self.parser  # which knows this connection as well: nothing but the collector would free the two

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the envelope of all errors."""
        self._refuse(400, "malformed_request", msg)

    def on_message_begin(self) -> None:
        """Begin to wait for a request."""
        super().on_message_begin()
        self._head_bytes = 0
        self._coming.begin()

    def on_message_complete(self) -> None:
        """Wait no longer: the request is here."""
        self._coming.end()
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        """Begin to answer a request; of one that came while the server leaves the connection ends with the answer."""
        self._head_bytes = None
        super().on_headers_complete()
        if self.leaving and self._asked:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close when nothing is being answered, or when it is."""
        if self._asked or self.leaving:
            super().shutdown()
        else:
            self.leaving = True
            self.loop.call_later(_FIRST_REQUEST_SECONDS, self.shutdown)

    def _waited_enough(self) -> None:
        """Give up on a request that does not come; one that we do not read ourselves is waited for further."""
        if self.flow.read_paused:
            self._coming.begin()
        elif self._head_bytes == 0 or (self._head_bytes is None and self.cycle.response_started):
            self.transport.abort()
        else:
            self._refuse(408, "request_timeout", "The request did not come whole in time.")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer and close; into an answer that is on its way nothing is written."""
        if self._asked and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
        else:
            self.transport.write(refusal(status, code, message))
            self.transport.close()

    @property
    def _asked(self) -> bool:
        return cast("object", self.cycle) is not None  # uvicorn forgets to say that there is none at first


class WebSocketConnection(WebSocketsSansIOProtocol):
    """Closes without waiting for a peer that does not read, and cuts off one that does not answer the close in time."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send; ClientDisconnected (an OSError) whenever the connection is closed or closing."""
        if message["type"] == "websocket.close":
            self.writable.set()
        try:
            await super().send(message)
        except (RuntimeError, AssertionError) as error:
            if not (self.close_sent or self.conn.eof_sent):
                raise
            raise ClientDisconnected from error
        if self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
        if message["type"] == "websocket.http.response.body":
            # uvicorn would log an error about the handshake that was never completed.
            self.handshake_complete = True
        elif message["type"] == "websocket.accept":
            # Some kilobytes of headers, which nobody reads any more.
            del self.request, self.response

    def shutdown(self) -> None:
        """Close, unless the handshake is unanswered: the door answers it, and this is no error of ours."""
        if self.close_sent or self.handshake_complete:
            super().shutdown()
        else:
            self.stop_keepalive()

    def keepalive_timeout(self) -> None:
        """End a connection whose peer is silent; what is unsent would keep it open."""
        super().keepalive_timeout()
        self.transport.abort()
