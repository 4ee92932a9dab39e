"""A server that has recovered, reached by its socket in a folder that is ours alone, and what is looked at in it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg

from adapters.backup.programs import Programs, last_line
from application.ports.recovery import CheckedPart, RestoredServer
from domain.backups.base import Holding, ServerFacts
from domain.backups.problems import ServerRefuses

_RECOVERED_TO: Final = "SELECT pg_last_xact_replay_timestamp()"
_SET_WORD: Final = "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)"
_TABLES: Final = {"catalog": ("users", "agents", "shard_maps"), "shard": ("sessions", "messages", "runs")}
_REVISION: Final = "SELECT to_regclass($1) IS NOT NULL"


class PostgresRestoredServer(RestoredServer):
    """`socket` is the folder of its socket; the role that made the backup is let in without a password."""

    def __init__(self, socket: Path, port: int, facts: ServerFacts, programs: Programs, *, reached_target: bool) -> None:
        self._socket, self._port, self._facts, self._programs = socket, port, facts, programs
        self._reached_target, self._recovered_to = reached_target, None

    @property
    def recovered_to(self) -> datetime | None:
        """What the server told at the beginning."""
        return self._recovered_to

    @property
    def reached_target(self) -> bool:
        """Whether the moment asked for was found in the log."""
        return self._reached_target

    @property
    def addresses(self) -> Mapping[str, str]:
        """Lead over the socket."""
        query = urlencode({"host": str(self._socket), "port": self._port})
        user = quote(self._facts.user, safe="")
        return {one.part: f"postgresql://{user}@/{quote(one.database, safe='')}?{query}" for one in self._facts.holdings}

    async def let_in(self) -> None:
        """Return when it takes writes, or raise what the driver raises while it does not yet."""
        async with self.connection("template1") as connection:
            self._recovered_to = await connection.fetchval(_RECOVERED_TO)

    async def set_password(self, password: str) -> None:
        """Give the role that made the backup this password."""
        async with self.connection("template1") as connection:
            await connection.execute(await connection.fetchval(_SET_WORD, self._facts.user, password))

    async def check(self) -> Sequence[CheckedPart]:
        """Look at every part of the application, and then at all tables and indexes with pg_amcheck."""
        return [*[await self._part(holding) for holding in self._facts.holdings], await self._files()]

    @asynccontextmanager
    async def connection(self, database: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """Yield a connection to one of its databases."""
        connection = await asyncpg.connect(
            host=str(self._socket), port=self._port, user=self._facts.user, database=database, timeout=10, ssl=False
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    async def _part(self, holding: Holding) -> CheckedPart:
        tree = "catalog" if holding.part == "catalog" else "shard"
        try:
            async with self.connection(holding.database) as connection:
                if not await connection.fetchval(_REVISION, f"{tree}.alembic_version"):
                    return CheckedPart(holding.part, False, "has no schema")
                return await _looked_at(connection, holding.part, tree)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            return CheckedPart(holding.part, False, f"cannot be read: {error}")

    async def _files(self) -> CheckedPart:
        log = self._socket / "amcheck.log"
        try:
            process = await self._programs.start(
                "pg_amcheck", "-h", str(self._socket), "-p", str(self._port), "-U", self._facts.user, "-w", "--all",
                "--install-missing", log=log, listen=True,
            )
        except ServerRefuses:
            return CheckedPart("tables and indexes", True, "not looked at: pg_amcheck is not installed")
        output, _ = await process.communicate()
        if process.returncode:
            told = output.decode(errors="replace").strip().splitlines()
            return CheckedPart("tables and indexes", False, told[0] if told else last_line(log))
        return CheckedPart("tables and indexes", True, "pg_amcheck finds no fault")


async def _looked_at(connection: "asyncpg.Connection[Any]", part: str, tree: str) -> CheckedPart:
    revision = await connection.fetchval(f"SELECT version_num FROM {tree}.alembic_version")  # noqa: S608
    counts = [f"{await connection.fetchval(f'SELECT count(*) FROM {tree}.{table}')} {table}" for table in _TABLES[tree]]  # noqa: S608
    return CheckedPart(part, True, f"schema {revision}, {', '.join(counts)}")
