"""How people of a run of chaos speak to the platform: with patience, and at any address."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final, NamedTuple

import aiohttp

# A node that says nothing for so long is given up, whatever became of it.
PATIENCE_SECONDS: Final = 6.0
NO_ANSWER: Final = (aiohttp.ClientError, OSError, TimeoutError)
# What an edge says for a node that it cannot reach, and a node that has no room or no database.
AGAIN_LATER: Final = frozenset({429, 502, 503, 504})
AGAIN_LATER_CODES: Final = frozenset({"overloaded", "rate_limit_exceeded"})


class Answer(NamedTuple):
    """A whole answer; status 0 tells that none came."""

    status: int
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The status and the error's code, which are the same each time."""
        error = self.body.get("error", {})
        return f"{self.status} {error.get('code', '')}".strip()


class Line:
    """One person's way to the platform. Each request may take another entrance; the common one is taken most often."""

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str], key: str, random: Random) -> None:
        self._http, self._urls, self._random = http, urls, random
        self.headers = {"authorization": f"Bearer {key}"}

    def entrance(self) -> str:
        """Return the address for the next request."""
        return self._urls[0] if self._random.random() < 0.6 else self._random.choice(self._urls)

    async def request(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask once."""
        try:
            async with self.stream(method, self.entrance() + path, body, **headers) as answer:
                return await answer_of(answer)
        except NO_ANSWER:
            return Answer(0, {})

    @asynccontextmanager
    async def stream(self, method: str, url: str, body: Any = None, **headers: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask once, to read the answer bit by bit; what goes wrong on the way is one of NO_ANSWER."""
        async with self._http.request(
            method, url, json=body, headers=self.headers | headers, timeout=_patience(), skip_auto_headers=("content-type",)
        ) as answer:
            yield answer


async def answer_of(answer: aiohttp.ClientResponse) -> Answer:
    """Return the whole answer."""
    return Answer(answer.status, _json(await answer.read()))


async def frames_of(answer: aiohttp.ClientResponse) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the data of each whole frame until the stream is closed; ValueError when a frame's lines disagree."""
    rest = b""
    async for piece in answer.content.iter_any():
        *frames, rest = (rest + piece).split(b"\n\n")
        for frame in frames:
            if frame and not frame.startswith(b":"):
                yield _fields(frame)


def new_http() -> aiohttp.ClientSession:
    """Return a client without a limit of connections."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=True)


def _fields(frame: bytes) -> Mapping[str, Any]:
    lines = dict(line.split(b": ", 1) for line in frame.split(b"\n"))
    fields: Mapping[str, Any] = json.loads(lines[b"data"])
    if (str(fields["seq"]).encode(), fields["type"].encode()) != (lines[b"id"], lines[b"event"]):
        raise ValueError(f"the lines of a frame disagree: {frame!r}")
    return fields


def _patience() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(sock_connect=PATIENCE_SECONDS, sock_read=PATIENCE_SECONDS)


def _json(content: bytes) -> Mapping[str, Any]:
    """Return the object; an edge's own answers are none."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
