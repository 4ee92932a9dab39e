"""Clients who leave in the middle of what they say."""

import asyncio
import logging

import pytest

from entrypoints.settings import Settings
from tests.support.realtime import listening


async def test_who_leaves_in_the_middle_of_a_body_is_no_error_of_ours(
    shared_dsn: str, valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(Settings(catalog_dsn=shared_dsn, redis_url=valkey_url)) as node:
        caller = await node.api.sign_up()
        _, writer = await asyncio.open_connection("127.0.0.1", node.port)
        head = f"POST /v1/sessions HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {caller.token}\r\ncontent-length: 100\r\n\r\n"
        writer.write(head.encode() + b'{"agent_id": ')
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.2)
        answered = (await node.metrics()).decode()
        assert 'onelast_http_answers_total{method="POST",path="/v1/sessions",status="400"} 1.0' in answered
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
        assert (await caller.get("/v1/sessions")).json()["data"] == []
