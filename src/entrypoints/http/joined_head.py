"""One write where a server makes two."""

import asyncio


class JoinedHead:
    """A transport on which the head of an answer leaves with the first of its body: a write costs more than what is in it.

    A head whose body takes its time leaves when the event loop has come round.
    """

    __slots__ = ("_head", "_loop", "_transport", "abort", "get_extra_info", "is_closing", "pause_reading", "resume_reading")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._loop = transport, asyncio.get_running_loop()
        self._head = b""
        self.abort, self.is_closing, self.get_extra_info = transport.abort, transport.is_closing, transport.get_extra_info
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading

    def write(self, data: bytes) -> None:
        """Write what was held back and this, or hold this back."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._leave)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close when all is written."""
        self._leave()
        self._transport.close()

    def _leave(self) -> None:
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._transport.write(head)
