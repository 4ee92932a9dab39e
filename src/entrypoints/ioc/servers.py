"""The embedded servers: one for each of Postgres, Valkey and the model that the settings do not name."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from msgspec.structs import replace

from adapters.embedded.folder import DataFolder, EmbeddedProblem
from adapters.embedded.model import CONTEXT_TOKENS, EmbeddedModel
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings


class ServersNotStarted(OperatorProblem):
    """An embedded server cannot run; the message says why and what to do."""


@asynccontextmanager
async def embedded_servers(settings: Settings) -> AsyncIterator[Settings]:
    """Start what is missing, all at once, yield the settings with their addresses, and end them; ServersNotStarted."""
    if settings.catalog and settings.redis_url and settings.upstream_url:
        yield settings
        return
    async with AsyncExitStack() as stack:
        try:
            folder = DataFolder(settings.data_path)
            stack.callback(folder.release)
            found = await _started(settings, folder, stack)
        except EmbeddedProblem as problem:
            raise ServersNotStarted(str(problem)) from problem
        yield found


async def _started(settings: Settings, folder: DataFolder, stack: AsyncExitStack) -> Settings:
    starts: list[Coroutine[Any, Any, dict[str, Any]]] = []
    if not settings.catalog:
        starts.append(_postgres(folder, stack))
    if not settings.redis_url:
        starts.append(_valkey(folder, stack))
    if not settings.upstream_url:
        starts.append(_model(folder, stack))
    outcomes = await asyncio.gather(*starts, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return replace(settings, **{name: value for one in outcomes if isinstance(one, dict) for name, value in one.items()})


async def _postgres(folder: DataFolder, stack: AsyncExitStack) -> dict[str, Any]:
    server = await EmbeddedPostgres.start(folder)
    stack.push_async_callback(server.stop)
    return {"catalog_dsn": server.dsn}


async def _valkey(folder: DataFolder, stack: AsyncExitStack) -> dict[str, Any]:
    server = await EmbeddedValkey.start(folder)
    stack.push_async_callback(server.stop)
    return {"redis_url": server.url}


async def _model(folder: DataFolder, stack: AsyncExitStack) -> dict[str, Any]:
    server = await EmbeddedModel.start(folder)
    stack.push_async_callback(server.stop)
    return {
        "upstream_url": (server.url,), "upstream_api_key": (server.api_key,), "upstream_models": ("*",),
        "upstream_continues": ("true",), "upstream_context_tokens": CONTEXT_TOKENS,
    }
