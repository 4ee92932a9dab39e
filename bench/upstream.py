"""A scripted model server that costs next to nothing: `python -m bench.upstream --port N` (0 takes a free port and prints it).

It answers POST /v1/chat/completions (streams only) and GET /v1/models. `scripted-50` sends 50 words at once, each an event of its
own; `scripted-50-20ms` sends the first word at once and then one every 20 ms, `scripted-200-20ms` 200 of them, and
`scripted-stamps-20ms` 50 that tell when they were sent (time.perf_counter_ns, on Linux one clock for all processes). All bytes
are made at the start, and all paced replies share one timer: every millisecond those are served whose turn it is.

For faults, `scripted-fails-first` answers 500, `scripted-breaks-at-10` closes the connection after 10 words, and
`scripted-stalls-at-10` says nothing more after 10 words. A last message of the assistant's that is a beginning of the reply, in
whole words, is continued.
"""

import argparse
import asyncio
import time
from itertools import accumulate
from typing import Any, Final, NamedTuple, cast

import uvloop
from msgspec import DecodeError, Raw, Struct, json

LONG_WORDS: Final = tuple(f"word{number} " for number in range(200))
LONG_TEXT: Final = "".join(LONG_WORDS)
WORDS: Final = LONG_WORDS[:50]
TEXT: Final = "".join(WORDS)
FAULT_AT: Final = 10
FAILING: Final = "scripted-fails-first"
_FAULTS: Final = {"scripted-breaks-at-10": "break", "scripted-stalls-at-10": "stall"}
STAMPS: Final = "scripted-stamps-20ms"
_BLANK: Final = "0" * 20
_WORDS: Final = {
    "scripted-50": WORDS, "scripted-50-20ms": WORDS, "scripted-200-20ms": LONG_WORDS, **dict.fromkeys(_FAULTS, WORDS),
    STAMPS: (f"{_BLANK} ",) * len(WORDS),
}
_PACE: Final = 20
_PLACES: Final = {length: number for number, length in enumerate(accumulate(map(len, LONG_WORDS)), 1)}
_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
Steps = tuple[bytes, ...]


class _Options(Struct):
    include_usage: bool = False


class _Message(Struct):
    role: str
    content: Any = None


class _Ask(Struct):
    model: str
    messages: Raw = Raw(b"[]")
    stream: bool = False
    stream_options: _Options | None = None

    def said(self) -> int:
        """Return how many words of the reply its last message has already."""
        messages = bytes(self.messages)
        if messages.rfind(b'"assistant"') <= messages.rfind(b'"user"'):
            return 0
        last = _decode_messages(self.messages)[-1]
        beginning = last.content if last.role == "assistant" and isinstance(last.content, str) else ""
        return _PLACES.get(len(beginning), 0) if LONG_TEXT.startswith(beginning) else 0


_decode_messages: Final = json.Decoder(list[_Message]).decode


def _event(model: str, choices: list[object], usage: object = None) -> bytes:
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model, "choices": choices}
    return _chunk(b"data: " + json.encode(body | ({"usage": usage} if usage else {})) + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _word(model: str, text: str) -> bytes:
    return _event(model, [{"index": 0, "delta": {"content": text}, "finish_reason": None}])


def _reply(model: str, *, usage: bool) -> "Reply":
    words = [_word(model, word) for word in _WORDS[model]]
    if model in _FAULTS:
        cut = (_HEAD + words[0], *words[1:FAULT_AT])
        return Reply(cut, b"".join(cut), b"", _FAULTS[model])
    count = {"prompt_tokens": 10, "completion_tokens": len(words), "total_tokens": 10 + len(words)}
    end = _event(model, [{"index": 0, "delta": {}, "finish_reason": "stop"}]) + (_event(model, [], count) if usage else b"")
    end += _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    steps = (_HEAD + words[0], *words[1:-1], words[-1] + end)
    return Reply(steps, b"" if model.endswith("ms") else b"".join(steps), end, "stamp" if model == STAMPS else "")


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


class Reply(NamedTuple):
    """A reply in pieces and, where it is sent at once, whole; `end` is all that is left after its last word."""

    steps: Steps
    whole: bytes
    end: bytes
    then: str = ""

    def after(self, said: int) -> Steps:
        """Return the pieces that follow this many words."""
        rest = self.steps[said:] or (self.end,)
        return (_HEAD + rest[0], *rest[1:]) if said else rest


class Scripts:
    """Every answer, ready."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.replies = {(name, usage): _reply(name, usage=usage) for name in _WORDS for usage in (False, True)}
        listed = [
            {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "bench"} for name in (*_WORDS, FAILING)
        ]
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
        self._stamps = False

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
        piece = self._steps[self._at]
        self.transport.write(piece.replace(_BLANK.encode(), b"%020d" % time.perf_counter_ns()) if self._stamps else piece)
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
            said = ask.said()
        except DecodeError as error:
            return self.transport.write(_error("400 Bad Request", str(error)))
        if not ask.stream:
            return self.transport.write(_error("400 Bad Request", "Only streams are served: set 'stream' to true."))
        if ask.model == FAILING:
            return self.transport.write(_error("500 Internal Server Error", "It fails, as it is meant to."))
        reply = self._scripts.replies.get((ask.model, ask.stream_options is not None and ask.stream_options.include_usage))
        if reply is None:
            return self.transport.write(_error("404 Not Found", "There is no such model."))
        return self._say(reply, said)

    def _say(self, reply: Reply, said: int) -> None:
        if not reply.whole:
            self._steps, self._at, self._stamps = reply.after(said), 0, reply.then == "stamp"
            if self.step():
                self._scripts.pacer.add(self)
            return
        self.transport.write(b"".join(reply.after(said)) if said else reply.whole)
        if reply.then == "break":
            self.transport.close()
        elif reply.then == "stall":
            self._steps = (b"",)


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
