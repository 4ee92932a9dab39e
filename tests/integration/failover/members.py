"""A PostgreSQL cluster under Patroni: etcd and three members, with the very configuration that operators use."""

import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import psutil

from adapters.embedded.child import free_port
from adapters.embedded.cluster import binaries
from adapters.embedded.ordinary_user import ordinary_user
from tests.support.processes import REPOSITORY, Ended, Program, run, running, until

CONFIGURATION = str(REPOSITORY / "docker/patroni/patroni.yml")
ETCD = shutil.which("etcd")
_PATRONI, _PATRONICTL = (str(Path(sys.executable).with_name(name)) for name in ("patroni", "patronictl"))
_AS_USER = (*ordinary_user().prefix, "setpriv", "--pdeathsig", "KILL")
_PASSWORD = "a,b:c"
_SUPERUSER = "postgres"
_ANSWER_SECONDS = 1


class Member:
    """A machine: Patroni and the server that it keeps."""

    def __init__(self, name: str, folder: Path, etcd_port: int) -> None:
        self.name, self.port = name, free_port()
        self._data, self._api_port = folder / name, free_port()
        self._environment = self._settings(folder, etcd_port)
        self._stack = AsyncExitStack()
        self.program: Program | None = None

    async def start(self) -> None:
        """Start Patroni, which starts the server."""
        command = (*_AS_USER, _PATRONI, CONFIGURATION)
        self.program = await self._stack.enter_async_context(running(*command, environment=self._environment))

    async def kill(self) -> None:
        """End all its processes, as the loss of the machine would."""
        for process in self.program.family() if self.program is not None else ():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        await self._stack.aclose()

    def kill_server(self) -> None:
        """End all processes of the server; Patroni lives."""
        for process in [*self._server()]:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    async def kill_patroni(self) -> None:
        """End Patroni; the server lives, and nobody tells it anything any more."""
        assert self.program is not None
        await self.program.end(signal.SIGKILL)

    async def view(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the cluster's members by their names, as this one sees them; none when it cannot tell."""
        async with httpx.AsyncClient(timeout=_ANSWER_SECONDS) as http:
            try:
                answer = await http.get(f"http://127.0.0.1:{self._api_port}/cluster")
            except httpx.HTTPError:
                return {}
        return {member["name"]: member for member in answer.json().get("members", ())}

    async def control(self, *command: str) -> Ended:
        """Run patronictl on this machine."""
        return await run(*_AS_USER, _PATRONICTL, "-c", CONFIGURATION, *command, environment=self._environment)

    def _server(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(self._data) in process.cmdline():
                    yield process
                    yield from process.children(recursive=True)

    def _settings(self, folder: Path, etcd_port: int) -> dict[str, str]:
        api, server = f"127.0.0.1:{self._api_port}", f"127.0.0.1:{self.port}"
        settings = {
            "name": self.name, "etcd3_hosts": f"127.0.0.1:{etcd_port}",
            "restapi_listen": api, "restapi_connect_address": api,
            "postgresql_listen": server, "postgresql_connect_address": server,
            "postgresql_data_dir": str(self._data), "postgresql_bin_dir": str(binaries()),
            "postgresql_pgpass": str(folder / f"{self.name}.pgpass"),
            "superuser_username": _SUPERUSER, "superuser_password": _PASSWORD,
            "replication_username": "replicator", "replication_password": _PASSWORD,
        }
        return {f"PATRONI_{name.upper()}": value for name, value in settings.items()}


class PatroniCluster:
    """Three members, of which one is the primary."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members

    @property
    def dsn(self) -> str:
        """The address of our database, with all members as its hosts."""
        return self.dsn_of("onelast", "onelast", *self.members)

    def dsn_of(self, user: str, database: str, *members: Member) -> str:
        """Return the address of a database on these members."""
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in members)
        return f"postgresql://{user}:{quote(_PASSWORD)}@{hosts}/{database}"

    async def primary(self) -> Member:
        """Wait until there is a primary, and return it."""
        found: list[Member] = []

        async def led() -> bool:
            for member in self.members:
                view = await member.view()
                found[:] = [one for one in self.members if view.get(one.name, {}).get("role") == "leader"]
                if found:
                    return True
            return False

        await until(led, within=60)
        return found[0]

    async def replaced(self, old: Member) -> None:
        """Wait until another one takes the writes."""
        async def elsewhere() -> bool:
            found = await self.primary()
            if found is old:
                return False
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InternalClientError):
                await (await self._connect_to(found)).close()
                return True
            return False

        await until(elsewhere, within=60)

    async def whole(self) -> Member:
        """Wait until a primary feeds two standbys, one of them synchronously; return the primary."""
        async def complete() -> bool:
            view = [*(await (await self.primary()).view()).values()]
            roles = sorted((member["role"], member["state"]) for member in view)
            return roles == [("leader", "running"), ("replica", "streaming"), ("sync_standby", "streaming")]

        await until(complete, within=60)
        return await self.primary()

    async def prepare(self) -> None:
        """Make our role and our database, as docs/how-to/run-with-patroni.md says."""
        connection = await asyncpg.connect(self.dsn_of(_SUPERUSER, "postgres", await self.whole()))
        try:
            await connection.execute(f"CREATE ROLE onelast LOGIN PASSWORD '{_PASSWORD}'")
            await connection.execute("CREATE DATABASE onelast OWNER onelast")
        finally:
            await connection.close()

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Return a new connection to whoever is the primary now, as Patroni and the server itself say."""
        return await self._connect_to(await self.primary())

    async def _connect_to(self, primary: Member) -> "asyncpg.Connection[asyncpg.Record]":
        dsn = self.dsn_of("onelast", "onelast", primary)
        return await asyncpg.connect(f"{dsn}?target_session_attrs=primary", timeout=20)


@asynccontextmanager
async def patroni_cluster(folder: Path) -> AsyncIterator[PatroniCluster]:
    """Run etcd and three members, prepared; leave no process of theirs."""
    async with _etcd(folder) as etcd_port, AsyncExitStack() as stack:
        cluster = PatroniCluster([Member(f"member{number}", folder, etcd_port) for number in (1, 2, 3)])
        for member in cluster.members:
            stack.push_async_callback(member.kill)
            await member.start()
        await cluster.prepare()
        yield cluster


@asynccontextmanager
async def _etcd(folder: Path) -> AsyncIterator[int]:
    assert ETCD is not None
    port, peer = free_port(), f"http://127.0.0.1:{free_port()}"
    client = f"http://127.0.0.1:{port}"
    options = {
        "data-dir": str(folder / "etcd"), "listen-client-urls": client, "advertise-client-urls": client,
        "listen-peer-urls": peer, "initial-advertise-peer-urls": peer, "initial-cluster": f"default={peer}",
    }
    async with running(ETCD, *(f"--{name}={value}" for name, value in options.items())) as program:
        await program.says("ready to serve client requests")
        yield port
