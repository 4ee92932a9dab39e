"""Nodes that listen on loopback, and the sockets of their clients."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import httpx
import psutil
from dishka import Provider, Scope, provide
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from adapters.models.scripted import ScriptedModel
from domain.users.plan import Plan
from entrypoints.http.app import HttpParts, create_app
from entrypoints.http.event_stream import OpenStreams, Pace
from entrypoints.http.server import bind, serve_http
from entrypoints.ioc.container import build_everything
from entrypoints.ioc.runs import RunMaking
from entrypoints.settings import Settings
from tests.support.api import Api, Caller, Promote
from tests.support.application import promoting, running_application
from tests.support.processes import until


class Paced(Provider):
    """Viewers who are served at another pace than in production."""

    scope = Scope.APP

    def __init__(self, **seconds: float) -> None:
        super().__init__()
        self._pace = Pace(**seconds)

    @provide(override=True)
    def streams(self) -> OpenStreams:
        return OpenStreams(self._pace)


class Tab:
    """One socket of a user's, and all the frames that came over it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []

    @property
    def request_id(self) -> str:
        """The identifier that the node gave the socket."""
        assert self.connection.response is not None
        return self.connection.response.headers["x-request-id"]

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send a frame."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self, within: float = 20) -> dict[str, Any]:
        """Return the next frame."""
        async with asyncio.timeout(within):
            self.frames.append(json.loads(await self.connection.recv()))
        return self.frames[-1]

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next frame of this type with these fields; an error that was not asked for is told at once."""
        while True:
            frame = await self.next()
            assert kind in {"error", "pong"} or frame["type"] != "error", frame
            if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                return frame

    async def to_the_end_of(self, run: str) -> list[dict[str, Any]]:
        """Return the events of a run that have come when its end has come."""
        if not any(event["type"] == "end" for event in self.events_of(run)):
            await self.until("end", run_id=run)
        return self.events_of(run)

    def events_of(self, run: str) -> list[dict[str, Any]]:
        """Return the events of a run that came so far."""
        return [frame for frame in self.frames if frame.get("run_id") == run and "seq" in frame]

    async def quiet(self) -> None:
        """Return when all that was on its way has come."""
        await self.tell("ping", event_id="quiet")
        await self.until("pong", event_id="quiet")

    async def closed(self) -> int:
        """Return the code with which the node closes, having read all that comes before."""
        with suppress(ConnectionClosed):
            while True:
                await self.next()
        assert self.connection.close_code is not None
        return self.connection.close_code


class Node:
    """An application that listens on a port of loopback."""

    def __init__(
        self, port: int, http: httpx.AsyncClient, parts: HttpParts, scripted: ScriptedModel, leave: Callable[[], Any],
        promote: Promote,
    ) -> None:
        self.port, self.http, self.api, self.scripted, self.leave = port, http, Api(http, promote), scripted, leave
        self.streams, self.metrics = parts.open_streams, parts.render_metrics

    def of(self, caller: Caller) -> Caller:
        """Return the user's client at this node."""
        return Caller(self.http, caller.signed_up, caller.email)

    def keeps_connection_of(self, port: int) -> bool:
        """Whether this node's end of a client's connection is still there."""
        ours = [one for one in psutil.Process().net_connections("tcp4") if one.laddr.port == self.port]
        return any(one.raddr and one.raddr.port == port for one in ours)

    async def serves(self, feeds: int, sockets: int) -> None:
        """Return when the node serves so many viewers of runs and so many sockets."""
        async def served() -> bool:
            return (len(self.streams), self.streams.sockets) == (feeds, sockets)

        await until(served)

    @asynccontextmanager
    async def tab(self, caller: Caller | None, **named: Any) -> AsyncIterator[Tab]:
        """Open a socket, with the user's token if there is a user."""
        headers = {} if caller is None else {"authorization": f"Bearer {caller.token}"}
        headers |= named.pop("headers", {})
        url = f"ws://127.0.0.1:{self.port}{named.pop('path', '/v1/realtime')}"
        named = {"compression": None, "proxy": None, "max_size": None, "additional_headers": headers} | named
        async with connect(url, **named) as connection:
            yield Tab(connection)


@asynccontextmanager
async def listening(settings: Settings, *overrides: Provider, signup_plan: Plan = Plan.ENTERPRISE) -> AsyncIterator[Node]:
    """Run an application with scripted models behind its real server."""
    async with running_application(settings, *overrides, signup_plan=signup_plan) as application:
        parts = await build_everything(application.container)
        making = await application.container.get(RunMaking)
        async with _serving(parts, making.leave) as port, _speaking_to(port) as http:
            yield Node(port, http, parts, application.scripted, making.leave, promoting(application.container))


Listen = Callable[..., AbstractAsyncContextManager[Node]]


@asynccontextmanager
async def _serving(parts: HttpParts, leave: Callable[[], Any]) -> AsyncIterator[int]:
    listener, ready = bind("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve_http(create_app(parts), listener, ready=ready.set, leaving=leave))
    await ready.wait()
    try:
        yield listener.getsockname()[1]
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        # uvicorn silences this logger of the whole process; other tests listen to it.
        logging.getLogger("uvicorn.access").propagate = True


def _speaking_to(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)


@asynccontextmanager
async def stream_of(caller: Caller, session: str) -> AsyncIterator[AsyncIterator[str]]:
    """Say something, and yield the lines of the stream that are not empty."""
    path, body = f"/v1/sessions/{session}/messages", {"content": "Hi", "stream": True}
    async with caller.http.stream("POST", path, json=body, headers={"authorization": f"Bearer {caller.token}"}) as answer:
        yield (line async for line in answer.aiter_lines() if line)


async def first_events(caller: Caller, session: str, count: int) -> list[dict[str, Any]]:
    """Say something, and return the first events of the stream, from which the client then leaves."""
    seen: list[dict[str, Any]] = []
    async with stream_of(caller, session) as lines:
        while len(seen) < count:
            line = await anext(lines)
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: ")))
    return seen


async def until_not(still: Callable[[], bool], within: float) -> None:
    """Return when it is so no longer."""
    async def over() -> bool:
        return not still()

    await until(over, within)


def narrow_socket(port: int) -> socket.socket:
    """Return a connection of a client that takes little at a time."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


def seqs(events: Sequence[dict[str, Any]]) -> list[int]:
    """Return the numbers of events."""
    return [event["seq"] for event in events]
