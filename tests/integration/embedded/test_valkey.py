"""The embedded Valkey."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from adapters.embedded.folder import EmbeddedProblem
from adapters.embedded.valkey import EmbeddedValkey
from tests.integration.embedded.holding import data_folder, descendants, gone, holding, names_in


@asynccontextmanager
async def running(path: Path, **named: int) -> AsyncIterator[EmbeddedValkey]:
    with data_folder(path) as folder:
        server = await EmbeddedValkey.start(folder, **named)
        try:
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(url.replace("valkey://", "redis://"))
    try:
        yield client
    finally:
        await client.aclose()


async def test_it_keeps_what_it_is_told_until_it_stops(path: Path) -> None:
    async with running(path) as server, client_of(server.url) as client:
        await client.set("colour", "blue")
        assert await client.get("colour") == b"blue"
    async with running(path) as server, client_of(server.url) as client:
        assert await client.get("colour") is None
    assert names_in(path / "valkey") == []


async def test_it_answers_nobody_without_the_password(path: Path) -> None:
    async with running(path) as server:
        password = (path / "secrets" / "valkey").read_text()
        for url in (server.url.replace(f":{password}@", ""), server.url.replace(password, "guess")):
            async with client_of(url) as client:
                with pytest.raises(AuthenticationError):
                    await client.get("colour")


async def test_a_stop_leaves_no_process(path: Path) -> None:
    before = descendants()
    async with running(path):
        started = descendants() - before
        assert started
    await gone(started)


async def test_a_killed_parent_leaves_no_server_and_the_next_start_works(path: Path) -> None:
    async with holding("valkey", path) as parent:
        servers = parent.servers()
        assert len(servers) == 1
        await parent.kill()
        async with running(path) as server, client_of(server.url) as client:
            assert await client.ping()
        await gone(servers)


async def test_a_port_that_is_taken_is_told(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(EmbeddedProblem, match="Valkey ended with status 1"):
        async with running(path, port=taken.getsockname()[1]):
            pass
