"""The application on granian in place of uvicorn, to compare them: `python -m bench.granian_server`, set as `onelast serve` is.

granian runs within our event loop, as uvicorn does, so that the same parts are served by both.
"""

import asyncio
import gc

from granian.constants import Interfaces
from granian.server.embed import Server

from entrypoints.cli.running import run_until_signal
from entrypoints.http.app import create_app
from entrypoints.ioc.container import build_container, build_everything
from entrypoints.ioc.runs import RunMaking
from entrypoints.ioc.schema import require_usable
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings

_BACKLOG = 2_048


async def _serve(settings: Settings) -> None:
    await require_usable(settings)
    container = build_container(settings)
    try:
        parts = await build_everything(container)
        making = await container.get(RunMaking)
        await making.begin()
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        server = Server(
            create_app(parts), address=settings.host, port=settings.port, interface=Interfaces.ASGI, backlog=_BACKLOG,
            log_enabled=False,
        )
        serving, watching = asyncio.create_task(server.serve()), asyncio.create_task(parts.shedding.watch())
        try:
            await asyncio.shield(serving)
        finally:
            watching.cancel()
            await making.leave()
            server.stop()  # type: ignore[no-untyped-call]
            await serving
    finally:
        await container.close()


if __name__ == "__main__":
    given = read_settings()
    configure_logging(given)
    run_until_signal(_serve(given))
