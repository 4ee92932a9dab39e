"""A scripted model server that costs next to nothing: `python -m bench.upstream --port N` (0 takes a free port and prints it).

It answers POST /v1/chat/completions (streams only) and GET /v1/models. `scripted-50` sends 50 words at once, each an event of its
own; `scripted-50-20ms` sends the first word at once and then one every 20 ms. All bytes are made at the start, and all paced
replies share one timer: every millisecond those are served whose turn it is.
"""

import argparse
import asyncio
from typing import Final, cast

import uvloop
from msgspec import DecodeError, Struct, json

WORDS: Final = tuple(f"word{number} " for number in range(50))
TEXT: Final = "".join(WORDS)
USAGE: Final = {"prompt_tokens": 10, "completion_tokens": len(WORDS), "total_tokens": 10 + len(WORDS)}
_PACE: Final = 20
_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
Steps = tuple[bytes, ...]


class _Options(Struct):
    include_usage: bool = False


class _Ask(Struct):
    model: str
    stream: bool = False
    stream_options: _Options | None = None


def _event(model: str, choices: list[object], usage: object = None) -> bytes:
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model, "choices": choices}
    return _chunk(b"data: " + json.encode(body | ({"usage": usage} if usage else {})) + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _word(model: str, text: str) -> bytes:
    return _event(model, [{"index": 0, "delta": {"content": text}, "finish_reason": None}])


def _steps(model: str, *, usage: bool) -> Steps:
    words = [_word(model, word) for word in WORDS]
    end = _event(model, [{"index": 0, "delta": {}, "finish_reason": "stop"}])
    counted = _event(model, [], USAGE) if usage else b""
    return (_HEAD + words[0], *words[1:-1], words[-1] + end + counted + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")


def _whole(status: str, body: object) -> bytes:
    data = json.encode(body)
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status.encode(), len(data), data)


def _error(status: str, message: str) -> bytes:
    return _whole(status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}})


class Pacer:
    """Sends each reply's next piece when its 20 ms are over; a late timer catches up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: list[list[Upstream]] = [[] for _ in range(_PACE)]
        self._active = 0
        self._tick = 0
        self._started_at = 0.0

    def add(self, reply: "Upstream") -> None:
        """Begin to serve a reply whose first piece was sent just now."""
        if not self._active:
            self._tick, self._started_at = 0, self._loop.time()
            self._loop.call_later(0.001, self._run)
        self._active += 1
        self._slots[self._tick % _PACE].append(reply)

    def _run(self) -> None:
        due = int((self._loop.time() - self._started_at) * 1000)
        while self._tick < due and self._active:
            self._tick += 1
            self._serve(self._tick % _PACE)
        if self._active:
            self._loop.call_later(0.001, self._run)

    def _serve(self, slot: int) -> None:
        replies = self._slots[slot]
        if replies:
            self._slots[slot] = going_on = [reply for reply in replies if reply.step()]
            self._active -= len(replies) - len(going_on)


class Scripts:
    """Every answer, ready."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        fast, paced = "scripted-50", "scripted-50-20ms"
        self.fast = {(fast, usage): b"".join(_steps(fast, usage=usage)) for usage in (False, True)}
        self.paced = {(paced, usage): _steps(paced, usage=usage) for usage in (False, True)}
        listed = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "bench"} for name in (fast, paced)]
        self.models = _whole("200 OK", {"object": "list", "data": listed})
        self.decode = json.Decoder(_Ask).decode


class Upstream(asyncio.Protocol):
    """One connection; requests that come while a reply is under way wait."""

    transport: asyncio.Transport

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._buffer = b""
        self._steps: Steps = ()
        self._at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio's, but not its class.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._answer_next()

    def step(self) -> bool:
        """Send the next piece; return whether there are more."""
        if self.transport.is_closing():
            return False
        self.transport.write(self._steps[self._at])
        self._at += 1
        if self._at < len(self._steps):
            return True
        self._steps = ()
        self._answer_next()
        return False

    def _answer_next(self) -> None:
        while not self._steps:
            head_ends = self._buffer.find(b"\r\n\r\n")
            if head_ends < 0:
                return
            head, body_at = self._buffer[:head_ends], head_ends + 4
            ends = body_at + _content_length(head)
            if len(self._buffer) < ends:
                return
            body, self._buffer = self._buffer[body_at:ends], self._buffer[ends:]
            self._answer(head.split(b"\r\n", 1)[0], body)

    def _answer(self, request: bytes, body: bytes) -> None:
        if request.startswith(b"POST /v1/chat/completions "):
            self._complete(body)
        elif request.startswith(b"GET /v1/models "):
            self.transport.write(self._scripts.models)
        else:
            self.transport.write(_error("404 Not Found", "There is no such path."))

    def _complete(self, body: bytes) -> None:
        try:
            ask = self._scripts.decode(body)
        except DecodeError as error:
            return self.transport.write(_error("400 Bad Request", str(error)))
        if not ask.stream:
            return self.transport.write(_error("400 Bad Request", "Only streams are served: set 'stream' to true."))
        kind = (ask.model, ask.stream_options is not None and ask.stream_options.include_usage)
        if kind in self._scripts.fast:
            return self.transport.write(self._scripts.fast[kind])
        if kind not in self._scripts.paced:
            return self.transport.write(_error("404 Not Found", "There is no such model."))
        self._steps, self._at = self._scripts.paced[kind], 0
        self.step()
        return self._scripts.pacer.add(self)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def start(host: str, port: int) -> asyncio.Server:
    """Serve on this address until the returned server is closed."""
    loop = asyncio.get_running_loop()
    scripts = Scripts(Pacer(loop))
    return await loop.create_server(lambda: Upstream(scripts), host, port, backlog=4096)


async def _serve(host: str, port: int) -> None:
    server = await start(host, port)
    print(f"http://{host}:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    uvloop.run(_serve(given.host, given.port))


if __name__ == "__main__":
    main()
