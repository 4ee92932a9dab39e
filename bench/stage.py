"""All that a measurement runs on: databases, cache and upstream on the load's cores, measured servers on theirs."""

import asyncio
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import asyncpg

from adapters.embedded.child import Child, free_port, last_lines
from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from bench.client import fetch
from bench.cpu import Cores
from bench.reference import SCHEMA
from bench.targets import Bare, Ours, Target
from bench.upstream import STAMPS
from bench.wire import WrongAnswer, request

FAST, PACED, STAMPED, STALLED = "scripted-50", "scripted-50-20ms", STAMPS, "scripted-stalls-at-10"
_READY_SESSION: Final = "ready"
_START_SECONDS: Final = 30.0
_COMPLAINTS: Final = ("Traceback", '"level": "error"', '"level": "critical"', "CRITICAL", "ERROR")


@dataclass(frozen=True, slots=True)
class Started:
    """A server that has answered its first request, and the seconds from exec to that answer."""

    target: Target
    seconds: float


class Stage:
    """Starts measured servers over databases that already run."""

    def __init__(self, folder: DataFolder, cores: Cores, upstream: str, ours: Mapping[str, str], reference_dsn: str) -> None:
        self.cores, self.upstream_port = cores, cast("int", urlsplit(upstream).port)
        self.valkey_url, self.dsn = ours["ONELAST_REDIS_URL"], ours["ONELAST_CATALOG_DSN"]
        self.running: dict[str, Target] = {}
        self._systems = 0
        self._folder, self._upstream, self._ours, self._reference_dsn = folder, upstream, ours, reference_dsn

    @asynccontextmanager
    async def ours(self, model: str = FAST, *, server: str = "uvicorn", **settings: str) -> AsyncIterator[Started]:
        """Run `onelast serve`, whose conversations are with an agent of this model; `settings` are ONELAST_… variables.

        The `server` is uvicorn, or for a comparison granian.
        """
        port = free_port()
        environment = {**self._ours, "ONELAST_PORT": str(port), **settings}
        command = [sys.executable, "-m", "bench.granian_server"] if server == "granian" else [_bin("onelast"), "serve"]
        async with self._serving(
            command, environment, lambda child: Ours(child, port, model), request("GET", "/readyz")
        ) as started:
            yield started

    async def databases(self, name: str, shards: int = 1) -> dict[str, str]:
        """Make and migrate a catalog and so many shards on the same server; return the settings of a system over them."""
        names = [f"{name}_catalog", *(f"{name}_shard_{number}" for number in range(shards))]
        for database in names:
            await _execute(self.dsn, partial(_create_database, database))
        catalog, *rest = (_beside(self.dsn, database) for database in names)
        self._systems += 1
        settings = {
            "ONELAST_CATALOG_DSN": catalog, "ONELAST_SHARD_DSNS": ",".join(rest),
            "ONELAST_REDIS_URL": _beside(self.valkey_url, str(self._systems)),
        }
        await _migrate(self._folder, {**self._ours, **settings})
        return settings

    @asynccontextmanager
    async def reference(self, model: str = FAST, *, patience: float = 10.0) -> AsyncIterator[Started]:
        """Run the bare reference with this model; it is killed if it has not ended `patience` seconds after it should have."""
        port, dsn = free_port(), self._reference_dsn
        options = ["--dsn", dsn, "--upstream", self._upstream, "--model", model, "--port", str(port)]
        async with self._serving(
            [sys.executable, "-m", "bench.reference", *options], {}, lambda child: Bare(child, port, dsn),
            request("GET", f"/v1/sessions/{_READY_SESSION}"), patience,
        ) as started:
            yield started

    @asynccontextmanager
    async def pair(self, model: str, **settings: str) -> AsyncIterator[Sequence[Target]]:
        """Run both, the reference first in the order; ours with these settings besides."""
        async with self.reference(model) as bare, self.ours(model, **settings) as ours:
            yield bare.target, ours.target

    @asynccontextmanager
    async def _serving(
        self, command: Sequence[str], environment: Mapping[str, str], target_of: Callable[[Child], Target], ready: bytes,
        patience: float = 10.0,
    ) -> AsyncIterator[Started]:
        log = self._folder.part("logs") / f"{time.monotonic_ns()}.log"
        began = time.perf_counter()
        with self.cores.on_server_core():
            child = await Child.start(command[-1], command, log=log, end_signal=signal.SIGTERM, environment=environment)
        target = target_of(child)
        try:
            await _first_answer(target, ready)
            self.running[target.name] = target
            yield Started(target, time.perf_counter() - began)
            child.require_running()
        except Exception as problem:
            problem.add_note(f"Log of {target.name}: {last_lines(log, 5)}")
            problem.add_note(f"Log of the upstream: {last_lines(self._folder.part('logs') / 'upstream.log', 5)}")
            raise
        finally:
            await child.stop(patience)
        _require_no_complaint(target.name, log)


async def _first_answer(target: Target, ready: bytes) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            target.child.require_running()
            try:
                (answer,) = await fetch(target.port, [ready])
            except (OSError, WrongAnswer):
                await asyncio.sleep(0.002)
            else:
                if answer.status == 200:
                    return


def _require_no_complaint(name: str, log: Path) -> None:
    lines = log.read_text(errors="replace").splitlines()
    bad = [line for line in lines if any(word in line for word in _COMPLAINTS)]
    if bad:
        raise WrongAnswer(f"The server ({name}) logged {len(bad)} errors, first: {bad[0][:2000]}")


def _bin(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


@asynccontextmanager
async def built_stage() -> AsyncIterator[Stage]:
    """Start what the servers need, with the durability of production, in a temporary folder; stop and remove it all."""
    cores = Cores.split()
    os.sched_setaffinity(0, cores.load)
    _allow_many_connections()
    path = Path(tempfile.mkdtemp(prefix="onelast-bench-"))
    _clean_environment(path)
    folder = DataFolder(path)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, path, ignore_errors=True)
        stack.callback(folder.release)
        postgres = await EmbeddedPostgres.start(folder)
        stack.push_async_callback(postgres.stop)
        valkey = await EmbeddedValkey.start(folder)
        stack.push_async_callback(valkey.stop)
        upstream, url = await _start_upstream(folder)
        stack.push_async_callback(upstream.stop)
        ours = _settings(folder, postgres.dsn, valkey.url, url)
        await asyncio.gather(_migrate(folder, ours), _make_reference_database(postgres))
        yield Stage(folder, cores, url, ours, postgres.dsn_of("reference"))


def _allow_many_connections() -> None:
    """Raise the limit of open files, of the servers too, as far as it goes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _clean_environment(path: Path) -> None:
    """Let no setting of the caller's reach the servers, and let compiled code be kept, as an installed release has it."""
    for name in [name for name in os.environ if name.startswith("ONELAST_")]:
        del os.environ[name]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(path / "pycache")


def _settings(folder: DataFolder, dsn: str, redis: str, upstream: str) -> dict[str, str]:
    return {
        "ONELAST_CATALOG_DSN": dsn, "ONELAST_REDIS_URL": redis, "ONELAST_UPSTREAM_URL": upstream,
        "ONELAST_DEFAULT_MODEL": FAST, "ONELAST_DATA_DIR": str(folder.path / "ours"), "ONELAST_SIGNUP_PLAN": "enterprise",
        "ONELAST_LOG_LEVEL": "INFO", "ONELAST_UPSTREAM_TOKEN_TIMEOUT": "600",
    }


async def _start_upstream(folder: DataFolder) -> tuple[Child, str]:
    child = await Child.start(
        "upstream", [sys.executable, "-m", "bench.upstream"], log=folder.part("logs") / "upstream.log",
        end_signal=signal.SIGTERM, listen=True,
    )
    assert child.process.stdout is not None
    line = await child.process.stdout.readline()
    child.require_running()
    return child, line.decode().strip()


async def _migrate(folder: DataFolder, environment: Mapping[str, str]) -> None:
    log = folder.part("logs") / "migrate.log"
    child = await Child.start(
        "migrate", [_bin("onelast"), "migrate"], log=log, end_signal=signal.SIGTERM, environment=environment
    )
    if await child.process.wait():
        raise WrongAnswer(f"`onelast migrate` failed: {log.read_text()[-2000:]}")


def _beside(dsn: str, database: str) -> str:
    """Return the address of another database of the same server, of Postgres or Valkey."""
    return urlsplit(dsn)._replace(path=f"/{database}").geturl()


async def _create_database(name: str, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute(f"CREATE DATABASE {name}")


async def _make_reference_database(postgres: EmbeddedPostgres) -> None:
    await _execute(postgres.dsn, lambda connection: connection.execute("CREATE DATABASE reference"))
    insert = f"INSERT INTO session VALUES ('{_READY_SESSION}', NULL, 0, 0)"
    await _execute(postgres.dsn_of("reference"), lambda connection: connection.execute(SCHEMA + insert))


async def _execute(dsn: str, work: Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[object]]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await work(connection)
    finally:
        await connection.close()
