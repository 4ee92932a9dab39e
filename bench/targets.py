"""The two servers under measurement, and how conversations with them begin."""

from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import asyncpg

from adapters.embedded.child import Child
from bench.client import fetch
from bench.wire import request

_USERS = 8
_SAY = {"content": "Say fifty words.", "stream": True}


@dataclass(frozen=True, slots=True)
class Conversation:
    """The requests that concern one session."""

    session: str
    say: bytes
    read: bytes
    page: bytes
    token: str | None

    @classmethod
    def of(cls, session: str, token: str | None = None) -> "Conversation":
        path = f"/v1/sessions/{session}"
        page = request("GET", f"{path}/messages?limit=50", token=token)
        return cls(session, request("POST", f"{path}/messages", _SAY, token), request("GET", path, token=token), page, token)

    def follow(self, run: str) -> bytes:
        """Return the request for the events of one of its runs."""
        return request("GET", f"/v1/runs/{run}/events", token=self.token)

    def cancel(self, run: str) -> bytes:
        """Return the request that ends one of its runs."""
        return request("POST", f"/v1/runs/{run}/cancel", token=self.token)


class Target(Protocol):
    """A running server."""

    name: str
    child: Child
    port: int

    @property
    def pid(self) -> int:
        """The process to measure."""
        return self.child.process.pid

    async def converse(self, count: int) -> list[Conversation]:
        """Return so many new, empty sessions."""
        ...


class Ours(Target):
    """`onelast serve`, spoken to over its API alone."""

    name = "ours"

    def __init__(self, child: Child, port: int, model: str) -> None:
        self.child, self.port, self._model = child, port, model
        self._tokens: list[str] = []
        self._agent = ""

    async def converse(self, count: int) -> list[Conversation]:
        if not self._tokens:
            await self._sign_up()
        tokens = [self._tokens[number % _USERS] for number in range(count)]
        opened = await fetch(self.port, [request("POST", "/v1/sessions", {"agent_id": self._agent}, token) for token in tokens])
        return [Conversation.of(answer.json(201)["id"], token) for answer, token in zip(opened, tokens, strict=True)]

    async def _sign_up(self) -> None:
        bodies = [
            {"email": f"{uuid4().hex}@example.com", "password": "correct horse battery", "name": "Bench"} for _ in range(_USERS)
        ]
        answers = await fetch(self.port, [request("POST", "/v1/users", body) for body in bodies])
        self._tokens = [answer.json(201)["access_token"] for answer in answers]
        agent = {
            "slug": f"bench-{uuid4().hex[:12]}", "name": "Bench", "persona": "You say fifty words.", "model": self._model,
            "visibility": "public",
        }
        (made,) = await fetch(self.port, [request("POST", "/v1/agents", agent, self._tokens[0])])
        self._agent = made.json(201)["id"]


class Bare(Target):
    """The bare reference, whose sessions are made in its database."""

    name = "reference"

    def __init__(self, child: Child, port: int, dsn: str) -> None:
        self.child, self.port, self._dsn = child, port, dsn

    async def converse(self, count: int) -> list[Conversation]:
        ids = [uuid4().hex for _ in range(count)]
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.executemany("INSERT INTO session VALUES ($1, NULL, 0, 0)", [(name,) for name in ids])
        finally:
            await connection.close()
        return [Conversation.of(name) for name in ids]
