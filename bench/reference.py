"""The bare reference: one ASGI function with raw asyncpg and aiohttp that does the same job, and nothing else.

It is the physical limit to compare with: no framework, no accounts, no checks, no cache, no events, no shutdown.
"""

import argparse
import time
from typing import Any

import aiohttp
import asyncpg
import uvicorn
from msgspec import Struct, json

SCHEMA = """
CREATE TABLE session (id text PRIMARY KEY, title text, head_seq int NOT NULL, created_at double precision NOT NULL);
CREATE TABLE message (session_id text, seq int, role text NOT NULL, text text NOT NULL, created_at double precision NOT NULL,
  PRIMARY KEY (session_id, seq));
"""
TAG = b'W/"0123456789abcdef01234567"'
_APPEND = (
    "WITH head AS (UPDATE session SET head_seq = head_seq + 1 WHERE id = $1 RETURNING head_seq) "
    "INSERT INTO message SELECT $1, head_seq, $2, $3, $4 FROM head"
)
_PAGE = "SELECT seq, role, text, created_at FROM message WHERE session_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT 51"


class _Delta(Struct):
    content: str | None = None


class _Choice(Struct):
    delta: _Delta


class _Chunk(Struct):
    choices: list[_Choice]


class Reference:
    """The routes: a session, the messages before one, a stored streamed reply, a completion passed on, bytes kept, a 304."""

    def __init__(self, dsn: str, upstream: str, model: str) -> None:
        self._dsn, self._url, self._model = dsn, upstream + "/chat/completions", model
        self._decode = json.Decoder(_Chunk).decode
        self._kept = b""

    async def start(self) -> None:
        async def no_reset(_: Any) -> None: ...

        self._pool = await asyncpg.create_pool(self._dsn, min_size=10, max_size=10, reset=no_reset)
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await self.start()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        parts = scope["path"].split("/")
        if parts[1] == "unchanged":
            await self._unchanged(scope["headers"], send)
        elif parts[1] == "memory":
            await self._memory(scope["method"], receive, send)
        elif parts[2] == "chat":
            await self._pass_through(receive, send)
        elif scope["method"] == "POST":
            await self._reply(parts[3], receive, send)
        elif len(parts) == 4:
            row = await self._pool.fetchrow("SELECT id, title, head_seq, created_at FROM session WHERE id = $1", parts[3])
            assert row is not None
            await self._json(send, dict(row))
        else:
            rows = await self._pool.fetch(_PAGE, parts[3], int(scope["query_string"].rpartition(b"=")[2]))
            await self._json(send, {"data": [dict(row) for row in rows[:50]], "has_more": len(rows) > 50})

    async def _memory(self, method: str, receive: Any, send: Any) -> None:
        if method == "POST":
            self._kept = (await receive())["body"]
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self._kept))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._kept})

    async def _unchanged(self, headers: Any, send: Any) -> None:
        known = (b"if-none-match", TAG) in headers
        head = [(b"etag", TAG), (b"cache-control", b"public, max-age=0, s-maxage=60")]
        await send({"type": "http.response.start", "status": 304 if known else 200, "headers": head})
        await send({"type": "http.response.body", "body": b"" if known else b"{}"})

    async def _json(self, send: Any, body: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.encode(body)})

    async def _reply(self, session: str, receive: Any, send: Any) -> None:
        text = json.decode((await receive())["body"])["content"]
        await self._pool.execute(_APPEND, session, "user", text, time.time())
        ask = {"model": self._model, "stream": True, "messages": [{"role": "user", "content": text}]}
        reply: list[str] = []
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        async with self._http.post(self._url, json=ask) as answer:
            rest = b""
            async for chunk in answer.content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n\n")
                frames = [self._frame(event, len(reply), reply) for event in whole]
                await send({"type": "http.response.body", "body": b"".join(frames), "more_body": True})
        await self._pool.execute(_APPEND, session, "assistant", "".join(reply), time.time())
        await send({"type": "http.response.body", "body": b"event: end\ndata: {}\n\n"})

    async def _pass_through(self, receive: Any, send: Any) -> None:
        body, headers = (await receive())["body"], {"content-type": "application/json"}
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        async with self._http.post(self._url, data=body, headers=headers) as answer:
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _frame(self, event: bytes, seq: int, reply: list[str]) -> bytes:
        if event == b"data: [DONE]":
            return b""
        choices = self._decode(event[6:]).choices
        text = choices[0].delta.content if choices else None
        if not text:
            return b""
        reply.append(text)
        return b"id: %d\nevent: message.delta\ndata: %s\n\n" % (seq, json.encode({"text": text}))


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--dsn", "--upstream", "--model"):
        parser.add_argument(name, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    app = Reference(given.dsn, given.upstream, given.model)
    config = uvicorn.Config(app, port=given.port, access_log=False, log_level="warning", loop="uvloop", http="httptools")
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
