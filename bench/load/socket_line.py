"""A person's WebSocket (RFC 6455), as much of it as the load needs: text frames, pings, a close."""

import asyncio
from typing import Final, Protocol, cast

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
# A key of nought leaves the bytes as they are: masking is for proxies that take a client's word for a request.
_KEY: Final = b"\0\0\0\0"
_NONCE: Final = b"dGhlIHNhbXBsZSBub25jZQ=="


class Listener(Protocol):
    """Who holds the socket."""

    def opened(self, status: int) -> None:
        """Hear how the handshake was answered; 101 is a socket."""
        ...

    def frame(self, data: bytes) -> None:
        """Take a text frame."""
        ...

    def broken(self) -> None:
        """Hear that the socket is gone."""
        ...


def handshake(path: str, token: str) -> bytes:
    """Return the request that opens a socket."""
    lines = (
        f"GET {path} HTTP/1.1", "host: 127.0.0.1", "upgrade: websocket", "connection: Upgrade", "sec-websocket-version: 13",
        f"sec-websocket-key: {_NONCE.decode()}", f"authorization: Bearer {token}", "", "",
    )
    return "\r\n".join(lines).encode()


class SocketLine(asyncio.Protocol):
    """Opens the socket as soon as it is connected."""

    __slots__ = ("_buffer", "_hello", "_listener", "_open", "_transport")

    def __init__(self, hello: bytes, listener: Listener) -> None:
        self._hello, self._listener = hello, cast("Listener | None", listener)
        self._transport: asyncio.Transport | None = None
        self._buffer, self._open = b"", False

    @property
    def ready(self) -> bool:
        """Whether frames may be sent."""
        return self._open and self._transport is not None and not self._transport.is_closing()

    def send(self, text: bytes, opcode: int = _TEXT) -> None:
        """Send a frame."""
        assert self._transport is not None
        length = len(text)
        size = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        self._transport.write(bytes((0x80 | opcode,)) + size + _KEY + text)

    def drop(self) -> None:
        """Cut the socket, and tell nobody."""
        self._listener = None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.broken()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._open:
            self._look_for_head()
        while self._open and self._listener is not None and self._take_frame():
            pass

    def _look_for_head(self) -> None:
        at = self._buffer.find(b"\r\n\r\n")
        if at >= 0 and self._listener is not None:
            status = int(self._buffer[9:12])
            self._buffer, self._open = self._buffer[at + 4 :], status == 101
            self._listener.opened(status)

    def _take_frame(self) -> bool:
        """Take a whole frame off the buffer; return whether there was one."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        length, at = buffer[1] & 0x7F, 2
        if length >= 126:
            at = 4 if length == 126 else 10
            length = int.from_bytes(buffer[2:at], "big")
        if len(buffer) < at + length:
            return False
        payload, self._buffer = buffer[at : at + length], buffer[at + length :]
        self._told(buffer[0] & 0x0F, payload)
        return True

    def _told(self, opcode: int, payload: bytes) -> None:
        assert self._listener is not None
        if opcode == _TEXT:
            self._listener.frame(payload)
        elif opcode == _PING:
            self.send(payload, _PONG)
        elif opcode == _CLOSE and self._transport is not None:
            self._transport.close()
