"""One serving process: its parts are built, its work begins, its doors open; and all of it back again."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dishka import AsyncContainer

from application.agents.seed_catalogue import SeedCatalogue
from application.erasure.resume_erasures import ResumeErasures
from application.forget_keys import ForgetKeys
from application.ports.stranded_fences import StrandedFences
from application.reactions.relay import RelayOutbox
from application.users.forget_api_keys import ForgetApiKeys
from application.users.forget_tokens import ForgetTokens
from entrypoints.http.app import create_app
from entrypoints.http.server import serve_http
from entrypoints.http.siblings import Siblings
from entrypoints.ioc.container import build_container, build_everything
from entrypoints.ioc.runs import RunMaking
from entrypoints.settings import Settings
from entrypoints.worker.erasing import erase
from entrypoints.worker.forgetting import forget
from entrypoints.worker.healing import heal
from entrypoints.worker.loop import work

Loop = Callable[[], Coroutine[Any, Any, None]]


async def seed(settings: Settings) -> int:
    """Bring the built-in agents up to date; return how many were added or changed."""
    async with _container(settings) as container:
        return await (await container.get(SeedCatalogue)).execute()


async def run_worker(settings: Settings, also: Sequence[Loop] = ()) -> None:
    """Give committed events their reactions, forget old keys and do what else is given, until this task is cancelled."""
    async with _container(settings) as container:
        chores = await _chores(container)  # what cannot be built is told as it is, not as one of a group of errors
        async with asyncio.TaskGroup() as tasks:
            for loop in (*chores, *(each() for each in also)):
                tasks.create_task(loop)


async def serve(
    settings: Settings, listener: socket.socket, *, relays: bool, ready: Callable[[], object], also: Sequence[Loop] = (),
    place: Path | None = None,
) -> None:
    """Serve on a bound socket until this task is cancelled; with `relays` also do a worker's work. `ready` is told when.

    `place` is where this process meets its siblings, if it has any. At the end viewers are sent away first, then runs are handed
    over, then connections are closed.
    """
    async with _container(settings) as container:
        parts = await build_everything(container)
        making = await container.get(RunMaking)
        await making.begin()
        _calm_collector()
        chores = await _chores(container) if relays else ()
        async with _beside(parts.shedding.watch(), *chores, *(each() for each in also)), AsyncExitStack() as stack:
            if place is not None:
                siblings = Siblings(place, parts.render_metrics)
                await stack.enter_async_context(siblings.listening())
                parts = replace(parts, render_metrics=siblings.render)
            await serve_http(
                create_app(parts), listener, ready=ready, leaving=making.leave, relieved=place is not None
            )


def _calm_collector() -> None:
    """Let the garbage collector pass over what lives as long as the process, and look at the rest only when that has grown.

    A collection looks at all that is new and still alive, which under load takes a tenth of a second in which nobody is answered;
    and what requests leave is freed without it, for no request leaves a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 2, 2)


@asynccontextmanager
async def _container(settings: Settings) -> AsyncIterator[AsyncContainer]:
    container = build_container(settings)
    try:
        yield container
    finally:
        await container.close()


async def _chores(container: AsyncContainer) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return the loops of a worker."""
    relay, forget_keys = await container.get(RelayOutbox), await container.get(ForgetKeys)
    forget_api_keys, forget_tokens = await container.get(ForgetApiKeys), await container.get(ForgetTokens)
    erasures, fences = await container.get(ResumeErasures), await container.get(StrandedFences)
    return (
        work(relay.execute), forget(forget_keys.execute), forget(forget_api_keys.execute),
        forget(forget_tokens.execute), erase(erasures.execute), heal(fences),
    )


@asynccontextmanager
async def _beside(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the loops in tasks of their own for as long as the block lasts."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
