"""A database server of a test's own, its backups, and what tests do with both."""

import asyncio
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import asyncpg

from adapters.embedded.cluster import binaries
from application.backups.archive import data_name
from application.backups.restore_backup import RestoreBackupCommand, RestoredPart
from application.ports.backup_storage import StoredObject
from entrypoints.ioc.backup import Backups, backup_loops, backups
from entrypoints.settings import Settings, read_settings
from tests.integration.postgres.own_server import OwnServer
from tests.support.processes import until

# The first releases of Python 3.11 do not know it.
_FILTER: Final[dict[str, Any]] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


@dataclass(frozen=True, slots=True)
class Rig:
    """`notes` is a table with the texts that a test writes."""

    server: OwnServer
    dsn: str
    environment: dict[str, str]
    folder: Path

    @property
    def settings(self) -> Settings:
        """The settings that a worker would read."""
        return read_settings(self.environment)

    @property
    def backups(self) -> Backups:
        """The use cases."""
        return backups(self.settings)

    @property
    def target(self) -> Path:
        """Where backups are kept."""
        return Path(self.environment["ONELAST_BACKUP_TARGET"])

    async def sql(self, statement: str, *values: object) -> object:
        """Run a statement on a connection of its own; return its first value."""
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()

    async def note(self, text: str) -> None:
        """Write a row."""
        await self.sql("INSERT INTO notes VALUES ($1)", text)

    async def now(self) -> datetime:
        """Return the server's clock."""
        found = await self.sql("SELECT clock_timestamp()")
        assert isinstance(found, datetime)
        return found

    async def switch(self) -> None:
        """End the segment that is being written."""
        await self.note("end of a segment")
        await self.sql("SELECT pg_switch_wal()")

    async def create(self) -> None:
        """Make a base backup."""
        for source in await self.backups.sources():
            await self.backups.create().execute(source)

    async def stored(self, within: float = 30) -> None:
        """Return when everything that was committed before now is stored."""
        wanted = await self.now()

        async def reached() -> bool:
            return (await self.latest()) >= wanted

        await until(reached, within)

    async def latest(self) -> datetime:
        """Return the latest moment that can be restored, by the noted reach of the log."""
        covered = await self.backups.archive.covered(int(self.system_id))
        return covered.at if covered else datetime.min.replace(tzinfo=UTC)

    @property
    def system_id(self) -> str:
        """The server's number, which is its folder in the target."""
        (found,) = (path.name for path in self.target.iterdir() if path.name.isdecimal())
        return found

    async def objects(self, kind: str) -> list[StoredObject]:
        """Return what is stored of the server: `base` or `wal`."""
        return list(await self.backups.archive.storage.list(f"{self.system_id}/{kind}"))

    async def restore(self, to: Path, at: datetime | None = None) -> RestoredPart:
        """Restore the one server."""
        (part,) = await self.backups.restore(to).execute(RestoreBackupCommand(at))
        return part

    def program(self, name: str) -> str:
        """Return where a program of PostgreSQL's is."""
        return str(binaries() / name)

    async def unpack(self, place: Path) -> None:
        """Lay the newest base backup's files down, and do nothing with them."""
        (backup, *_) = await self.backups.archive.backups()
        whole = b"".join([piece async for piece in self.backups.archive.storage.get(data_name(backup))])
        with tarfile.open(fileobj=BytesIO(whole)) as opened:
            opened.extractall(place, **_FILTER)

    @asynccontextmanager
    async def shipping(self) -> AsyncIterator[None]:
        """Do a worker's part for backups while the block lasts."""
        (loop,) = backup_loops(self.settings)
        task = asyncio.create_task(loop())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


    def having(self, **settings: str) -> "Rig":
        """Return the same rig with other settings."""
        return replace(self, environment=self.environment | settings)

    async def has_backups(self, count: int) -> bool:
        """Return whether there are so many base backups."""
        return len(await self.backups.archive.backups()) == count

    async def in_place_tablespace(self, name: str) -> None:
        """Make a tablespace."""
        connection = await asyncpg.connect(self.dsn)
        await connection.execute("SET allow_in_place_tablespaces = true")
        await connection.execute(f"CREATE TABLESPACE {name} LOCATION ''")
        await connection.close()

    async def has_note(self, text: str) -> bool:
        """Return whether the row is there."""
        return bool(await self.sql("SELECT count(*) FROM notes WHERE text = $1", text))

    @asynccontextmanager
    async def started(self, folder: Path) -> AsyncIterator["Rig"]:
        """Run the server whose data lie in this folder, beside this one and with the same backups."""
        async with running_restored(folder) as server:
            yield replace(self, server=server, dsn=server.dsn_of(self.dsn.rpartition("/")[2]))

    def reached_as_one_of(self, other: "Rig") -> "Rig":
        """Return the rig whose address names both servers; base backups are made when they are due."""
        (login, first), second = other.dsn.rpartition("/")[0].split("@"), self.dsn.split("@")[1]
        dsn = f"{login}@{first},{second}"
        return replace(other, dsn=dsn, environment=other.environment | {"ONELAST_CATALOG_DSN": dsn, "ONELAST_BACKUP_EVERY": "24"})

    @asynccontextmanager
    async def moved_to(self, folder: Path) -> AsyncIterator["Rig"]:
        """Run the restored server in the place of the lost one, with the same backups."""
        async with running_restored(folder) as server:
            dsn = server.dsn_of(self.dsn.rpartition("/")[2])
            yield replace(self, server=server, dsn=dsn, environment=self.environment | {"ONELAST_CATALOG_DSN": dsn})

    @asynccontextmanager
    async def with_second_shard(self, folder: Path) -> AsyncIterator["TwoServers"]:
        """Run a second server beside this one, as shard 1."""
        async with running_restored(folder) as server:
            await server.prepare()
            dsn = await server.database()
            both = TwoServers(self.having(ONELAST_SHARD_DSNS=f"{self.dsn},{dsn}"), replace(self, server=server, dsn=dsn))
            await both.shard.sql("CREATE TABLE notes (text text)")
            yield both


@dataclass(frozen=True, slots=True)
class TwoServers:
    """The first holds the catalog and shard 0, the second shard 1."""

    rig: Rig
    shard: Rig

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rig, name)

    async def note_on_shard(self, text: str) -> None:
        """Write a row on the second server."""
        await self.shard.note(text)

    async def stored_everywhere(self) -> None:
        """Return when everything that was committed on both before now is stored."""
        archive, ids = self.rig.backups.archive, [int(path.name) for path in self.rig.target.iterdir()]
        wanted = await self.rig.now()

        async def reached() -> bool:
            noted = [await archive.covered(system_id) for system_id in ids]
            return all(one is not None and one.at >= wanted for one in noted)

        await until(reached)

    async def restore_all(self, to: Path, at: datetime | None) -> list[RestoredPart]:
        """Restore both."""
        return await self.rig.backups.restore(to).execute(RestoreBackupCommand(at))


@asynccontextmanager
async def running_restored(folder: Path) -> AsyncIterator[OwnServer]:
    """Start a server as an operator would; it is stopped in the end."""
    server = OwnServer(folder)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        server.release()


@asynccontextmanager
async def restored_texts(root: Path, name: str = "catalog") -> AsyncIterator[set[str]]:
    """Start the restored server, and yield the texts of all notes in it."""
    async with running_restored(root / name) as server:
        yield await _texts(server)


async def _texts(server: OwnServer) -> set[str]:
    connection = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        names = [row[0] for row in await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'")]
    finally:
        await connection.close()
    connection = await asyncpg.connect(server.dsn_of(names[0]))
    try:
        return {row[0] for row in await connection.fetch("SELECT text FROM notes")}
    finally:
        await connection.close()

