"""Exports that are large, or read slowly."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from entrypoints.http.event_stream import OpenStreams
from entrypoints.ioc.postgres import Databases
from tests.contracts.http.export import EXPORT, lines_of
from tests.support.api import Api, Caller, error_of
from tests.support.application import Application

MANY = 50_000
_SAY = """
INSERT INTO shard.messages (session_id, seq, id, bucket, role, content, characters, run_id, status, created_at)
SELECT $1, n, 'message_' || $1 || n, 0, 'user', '[{"type": "text", "text": "Something that was said."}]', 24, 'run_of_test',
    'completed', now()
FROM generate_series(1, $2::integer) n
"""


class SlowReader:
    """Takes one piece of an answer at a time, when it is told to."""

    def __init__(self, application: Application, caller: Caller) -> None:
        self._application, self._caller = application, caller
        self._pieces = asyncio.Queue[dict[str, Any]](maxsize=1)
        self._answered = asyncio.Event()
        self._asked = False
        self.gone = asyncio.Event()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["SlowReader"]:
        """Ask, and leave in the end."""
        headers = [(b"authorization", f"Bearer {self._caller.token}".encode())]
        scope: Any = {
            "type": "http", "method": "GET", "path": EXPORT, "raw_path": EXPORT.encode(), "query_string": b"", "headers": headers,
            "http_version": "1.1", "scheme": "http", "client": ("192.0.2.1", 1), "server": ("test", 80), "state": {},
        }
        serving = asyncio.create_task(self._application.asgi(scope, self._receive, self._pieces.put))  # type: ignore[arg-type]
        try:
            yield self
        finally:
            self.gone.set()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def next(self) -> dict[str, Any]:
        """Return the next message of the answer."""
        return await asyncio.wait_for(self._pieces.get(), 10)

    async def _receive(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def of_many(api: Api, dsn: str, count: int) -> Caller:
    """Return a user who has a session with so many messages."""
    caller = await api.sign_up()
    session = await caller.session()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_SAY, session, count)
    finally:
        await connection.close()
    return caller


async def test_a_session_of_fifty_thousand_messages_comes_in_small_pieces(
    application: Application, api: Api, shared_dsn: str
) -> None:
    caller = await of_many(api, shared_dsn, MANY)
    text, largest = b"", 0
    async with SlowReader(application, caller).reading() as reader:
        assert (await reader.next())["status"] == 200
        more = True
        while more:
            piece = await reader.next()
            text, largest, more = text + piece["body"], max(largest, len(piece["body"])), piece["more_body"]
    lines = lines_of(text.decode())
    assert [line["data"]["seq"] for line in lines if line["type"] == "message"] == list(range(1, MANY + 1))
    assert largest < 100_000


async def test_while_a_reader_takes_its_time_no_connection_is_held_and_a_second_export_has_to_wait(
    application: Application, api: Api, shared_dsn: str
) -> None:
    caller, databases = await of_many(api, shared_dsn, 5000), await application.container.get(Databases)
    async with SlowReader(application, caller).reading() as reader:
        await reader.next()
        for _ in range(20):
            assert (await reader.next())["more_body"]
        async with asyncio.timeout(10):
            while any(database.pool.busy for database in databases.all()):  # noqa: ASYNC110  (the next page is being read)
                await asyncio.sleep(0.01)
        refused = error_of(await caller.get(EXPORT), 409)
        assert refused["code"] == "export_in_progress"
        assert (await (await api.sign_up()).get(EXPORT)).status_code == 200
    assert (await caller.get(EXPORT)).status_code == 200


@pytest.mark.parametrize("what", ["drained", "erased"])
async def test_an_export_that_is_broken_off_has_no_last_line(
    application: Application, api: Api, shared_dsn: str, what: str
) -> None:
    caller, streams = await of_many(api, shared_dsn, 5000), await application.container.get(OpenStreams)
    async with SlowReader(application, caller).reading() as reader:
        await reader.next()
        begun = (await reader.next())["body"]
        if what == "drained":
            streams.draining = True
        else:
            assert (await caller.request("DELETE", "/v1/users/me")).status_code == 200
        try:
            text = await _rest(reader, begun)
        finally:
            streams.draining = False
    types = [json.loads(line)["type"] for line in text.splitlines()]
    assert types[0] == "export"
    assert "end" not in types


async def _rest(reader: SlowReader, text: bytes) -> bytes:
    """Return what comes until nothing does."""
    try:
        while True:
            text += (await asyncio.wait_for(reader.next(), 1))["body"]
    except TimeoutError:
        return text
