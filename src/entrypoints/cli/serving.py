"""One serving process: its parts are built, its work begins, its doors open; and all of it back again."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from application.agents.seed_catalogue import SeedCatalogue
from application.reactions.relay import RelayOutbox
from application.runs.recover_runs import RecoverRuns
from entrypoints.http.app import create_app
from entrypoints.http.server import serve_http
from entrypoints.ioc.container import build_container, build_everything
from entrypoints.settings import Settings
from entrypoints.worker.loop import work


async def seed(settings: Settings) -> int:
    """Bring the built-in agents up to date; return how many were added or changed."""
    container = build_container(settings)
    try:
        return await (await container.get(SeedCatalogue)).execute()
    finally:
        await container.close()


async def run_worker(settings: Settings) -> None:
    """Give committed events their reactions until this task is cancelled."""
    container = build_container(settings)
    try:
        await work((await container.get(RelayOutbox)).execute)
    finally:
        await container.close()


async def serve(settings: Settings, listener: socket.socket, *, relays: bool, ready: Callable[[], None]) -> None:
    """Serve on a bound socket until this task is cancelled; with `relays` also do a worker's work. `ready` is told when."""
    container = build_container(settings)
    try:
        parts = await build_everything(container)
        await (await container.get(RecoverRuns)).execute()
        relay = await container.get(RelayOutbox)
        working = asyncio.create_task(work(relay.execute)) if relays else None
        try:
            await serve_http(create_app(parts), listener, parts.open_streams, ready)
        finally:
            if working is not None:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working
    finally:
        await container.close()
