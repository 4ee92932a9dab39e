"""The servers under the load, each a process of its own as in production, with a folder that is removed in the end."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil

from adapters.embedded.child import Child, free_port, last_lines
from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from bench.load.options import Load
from bench.wire import WrongAnswer
from tests.support.load_balancers import LoadBalancer, haproxy, nginx

_START_SECONDS: Final = 60.0
_READY: Final = "serving on http://"
# What whoever runs it for ten thousand people would set; all else is the embedded server's.
_POSTGRES: Final = {"max_wal_size": "4GB", "shared_buffers": "512MB"}
_BALANCERS: Final[Mapping[str, LoadBalancer]] = {"haproxy": haproxy, "nginx": nginx}


@dataclass(slots=True)
class Stage:
    """What runs: `port` is where people go, `nodes` are the ports of serving processes that /metrics is asked of.

    `processes` are by name those whose CPU is told, `ours` the names among them that are One Last AI's.
    """

    folder: Path
    dsn: str
    redis: str
    upstream: tuple[str, int]
    port: int = 0
    nodes: list[int] = field(default_factory=list)
    processes: dict[str, list[psutil.Process]] = field(default_factory=dict)
    logs: list[Path] = field(default_factory=list)

    @property
    def ours(self) -> dict[str, list[psutil.Process]]:
        """The processes of One Last AI, the serving ones first."""
        return {name: found for name, found in self.processes.items() if name.startswith(("serve", "worker"))}


@asynccontextmanager
async def built_stage(load: Load, fill: Callable[[str], object]) -> AsyncIterator[Stage]:
    """Start the servers, `fill` the migrated database (an awaitable of its DSN), then start ours over it."""
    path = Path(tempfile.mkdtemp(prefix="onelast-load-"))
    _clean_environment()
    folder = DataFolder(path)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, path, ignore_errors=True)
        stack.callback(folder.release)
        postgres = await EmbeddedPostgres.start(folder, settings=_POSTGRES)
        stack.push_async_callback(postgres.stop)
        valkey = await EmbeddedValkey.start(folder)
        stack.push_async_callback(valkey.stop)
        upstream, url = await _start_upstream(folder)
        stack.push_async_callback(upstream.stop)
        stage = Stage(path, postgres.dsn, valkey.url, (str(urlsplit(url).hostname), int(urlsplit(url).port or 0)))
        settings = _settings(load, folder, postgres.dsn, valkey.url, url)
        await _migrate(folder, settings)
        await fill(postgres.dsn)  # type: ignore[misc]
        _note_servers(stage)
        stage.processes["upstream"] = [psutil.Process(upstream.process.pid)]
        await _start_ours(stack, stage, folder, load, settings)
        if load.balancer != "none":
            stage.port = await stack.enter_async_context(_BALANCERS[load.balancer](stage.nodes))
            stage.processes[load.balancer] = _children(load.balancer)
        yield stage


def _note_servers(stage: Stage) -> None:
    stage.processes["postgres"], stage.processes["valkey"] = _children("postgres"), _children("valkey-server")


def _children(name: str) -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if _name(each) == name]


def _name(process: psutil.Process) -> str | None:
    """Return the name of a process; None of one that has just ended."""
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return None


def _clean_environment() -> None:
    """Let no setting of the caller's reach the servers."""
    for name in [name for name in os.environ if name.startswith("ONELAST_")]:
        del os.environ[name]


def _settings(load: Load, folder: DataFolder, dsn: str, redis: str, upstream: str) -> dict[str, str]:
    cache = {} if load.cache_memory is None else {"ONELAST_CACHE_MEMORY": str(load.cache_memory)}
    return cache | {
        "ONELAST_CATALOG_DSN": dsn, "ONELAST_REDIS_URL": redis, "ONELAST_UPSTREAM_URL": upstream,
        "ONELAST_DEFAULT_MODEL": load.model, "ONELAST_DATA_DIR": str(folder.path / "ours"), "ONELAST_LOG_FORMAT": "json",
    }


async def _start_ours(
    stack: AsyncExitStack, stage: Stage, folder: DataFolder, load: Load, settings: Mapping[str, str]
) -> None:
    """Start the serving processes: on one port, or a node each behind a balancer; and the worker."""
    single = load.balancer == "none"
    nodes = [free_port() for _ in range(1 if single else load.workers)]
    number = {"ONELAST_WORKERS": str(load.workers)} if single else {"ONELAST_NODES": str(load.workers + 1)}
    for place, port in enumerate(nodes, 1):
        log = folder.part("logs") / f"serve-{place}.log"
        child = await _start(stack, "serve", [_bin("onelast"), "serve"], log, {**settings, **number, "ONELAST_PORT": str(port)})
        await _ready(child)
        stage.logs.append(log)
        serving = [each for each in _family(child) if "--listener" in each.cmdline()]
        for process in serving or _family(child)[:1]:
            stage.processes[f"serve {sum(name.startswith('serve') for name in stage.processes) + 1}"] = [process]
        if serving:
            stage.processes["serve's parent"] = _family(child)[:1]
    log = folder.part("logs") / "worker.log"
    worker = await _start(stack, "worker", [_bin("onelast"), "worker"], log, settings)
    stage.processes["worker"] = [psutil.Process(worker.process.pid)]
    stage.port, stage.nodes = nodes[0], nodes
    stage.logs.append(log)


async def _start(stack: AsyncExitStack, name: str, command: Sequence[str], log: Path, settings: Mapping[str, str]) -> Child:
    child = await Child.start(name, command, log=log, end_signal=signal.SIGTERM, environment=settings)
    stack.push_async_callback(child.stop, 30)
    return child


def _family(child: Child) -> list[psutil.Process]:
    process = psutil.Process(child.process.pid)
    return [process, *process.children(recursive=True)]


async def _ready(child: Child) -> None:
    """Return when all its processes serve: until the last does, the others would have all the people."""
    async with asyncio.timeout(_START_SECONDS):
        while _READY not in child.log.read_text():
            child.require_running()
            await asyncio.sleep(0.05)


async def _start_upstream(folder: DataFolder) -> tuple[Child, str]:
    command = [sys.executable, "-m", "bench.upstream"]
    log = folder.part("logs") / "upstream.log"
    child = await Child.start("upstream", command, log=log, end_signal=signal.SIGTERM, listen=True)
    assert child.process.stdout is not None
    line = await child.process.stdout.readline()
    child.require_running()
    return child, line.decode().strip()


async def _migrate(folder: DataFolder, settings: Mapping[str, str]) -> None:
    log = folder.part("logs") / "migrate.log"
    child = await Child.start("migrate", [_bin("onelast"), "migrate"], log=log, end_signal=signal.SIGTERM, environment=settings)
    if await child.process.wait():
        raise WrongAnswer(f"`onelast migrate` failed: {last_lines(log)}")


def _bin(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
