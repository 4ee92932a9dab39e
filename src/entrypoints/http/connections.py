"""uvicorn's connections, which end even when their peer does not read what was sent."""

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class HttpConnection(HttpToolsProtocol):
    """Offers `abort` in the state of every request: a stream whose viewer has stopped reading cannot be ended otherwise."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}


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
