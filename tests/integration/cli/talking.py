"""Streams of a reply, read event by event."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.support.api import Caller, error_of


class Stream:
    """A stream under way and the events that came so far."""

    def __init__(self, answer: httpx.Response) -> None:
        self.events: list[dict[str, Any]] = []
        self._lines = answer.aiter_lines()

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next event of this type."""
        async for event in self._coming():
            if event["type"] == kind:
                return event
        raise EOFError(f"The stream was closed without {kind!r}.")

    async def to_its_close(self) -> list[dict[str, Any]]:
        """Return all events of a stream that is closed in due form."""
        async for _ in self._coming():
            pass
        return self.events

    async def _coming(self) -> AsyncIterator[dict[str, Any]]:
        async for line in self._lines:
            if line.startswith("data: "):
                self.events.append(json.loads(line.removeprefix("data: ")))
                yield self.events[-1]


def require_unavailable(answer: httpx.Response) -> None:
    """Return if the answer says that it is worth trying again in a while."""
    error = error_of(answer, 503)
    assert (error["type"], error["code"]) == ("unavailable_error", "overloaded")
    assert 0 < int(answer.headers["retry-after"]) <= 120


@asynccontextmanager
async def begin_stream(caller: Caller, session: str, text: str) -> AsyncIterator[Stream]:
    """Say something and watch the reply."""
    path, body = f"/v1/sessions/{session}/messages", {"content": text, "stream": True}
    async with caller.http.stream("POST", path, json=body, headers={"authorization": f"Bearer {caller.token}"}) as answer:
        assert answer.status_code == 200
        yield Stream(answer)


async def brief_agent(caller: Caller) -> str:
    """Return the slug of a new agent that the real model gives some two dozen words at most."""
    body = {"slug": "brief", "name": "Brief", "persona": "You tell stories.", "sampling": {"max_tokens": 24, "temperature": 0}}
    assert (await caller.post("/v1/agents", body)).status_code == 201
    return "brief"
