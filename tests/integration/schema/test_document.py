"""schemathesis over the whole OpenAPI document: what it says of every operation is true of the application.

The application runs over the memory adapters behind our own server, so that a fault is one of HTTP and not of a database.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrypoints.http.server import bind, serve_http
from tests.support.application import running_application
from tests.support.memory import NOWHERE, Memory

CONFIG = Path(__file__).with_name("schemathesis.toml")
ROOT = CONFIG.parents[3]


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[dict[str, str]]:
    """Yield where the application is served, and a token for it, as schemathesis is told."""
    listener, ready = bind("127.0.0.1", 0), asyncio.Event()

    async def leave() -> None: ...

    async with running_application(NOWHERE, Memory()) as running:
        token = (await running.api.sign_up()).token
        serving = asyncio.create_task(serve_http(running.asgi, listener, ready=ready.set, leaving=leave))
        await ready.wait()
        yield {"ONELAST_TEST_URL": f"http://127.0.0.1:{listener.getsockname()[1]}", "ONELAST_TEST_TOKEN": token}
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def schemathesis(served: dict[str, str], *options: str) -> tuple[int | None, str]:
    """Return how a run ended and what it wrote."""
    command = ("-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{served['ONELAST_TEST_URL']}/schema/openapi.json")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, *options, cwd=ROOT, env={**os.environ, **served, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    return process.returncode, written.decode()


@pytest.mark.timeout(600)
async def test_every_operation_does_what_the_document_says(served: dict[str, str]) -> None:
    code, written = await schemathesis(served)
    assert code == 0, written
