"""A PostgreSQL server that is backed up: what it is, its base backups by pg_basebackup, its log by pg_receivewal."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from adapters.backup.base_stream import PostgresBaseStream, running_base_backup
from adapters.backup.connecting import Address
from adapters.backup.programs import Programs
from adapters.backup.wal_feed import PostgresWalFeed, running_feed
from application.ports.backup_source import BackupSource
from domain.backups.base import Holding, ServerFacts
from domain.backups.problems import ServerRefuses

# What `onelast up` names its server.
EMBEDDED_NAME: Final = "onelast_embedded"
_LOCK: Final = 5_261_018
_FACTS: Final = """
SELECT (SELECT system_identifier FROM pg_control_system()) AS system_id, current_user::text AS user,
  current_setting('server_version_num')::int AS version, current_setting('cluster_name') = $1 AS embedded,
  pg_size_bytes(current_setting('wal_segment_size')) AS segment_bytes, pg_is_in_recovery() AS standby,
  ARRAY(SELECT spcname::text FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')) AS tablespaces
"""


class PostgresBackupSource(BackupSource):
    """Reached by the DSN of one of its databases, by a role that may replicate; `spools` is a folder for files in passing."""

    def __init__(self, address: Address, holdings: Sequence[Holding], programs: Programs, spools: Path) -> None:
        self._address, self._holdings, self._programs, self._spools = address, tuple(holdings), programs, spools

    async def describe(self) -> ServerFacts:
        """Ask it; ServerRefuses also for what cannot be backed up."""
        async with self._address.connection() as connection:
            row = await connection.fetchrow(_FACTS, EMBEDDED_NAME)
        assert row is not None
        self._require_fit(row)
        return ServerFacts(
            row["system_id"], self._address.label, self._holdings, row["user"], row["version"], row["embedded"],
            row["segment_bytes"],
        )

    async def now(self) -> datetime:
        """Ask it."""
        async with self._address.connection() as connection:
            found: datetime = await connection.fetchval("SELECT clock_timestamp()")
            return found

    @asynccontextmanager
    async def read_base(self) -> AsyncIterator[PostgresBaseStream]:
        """Run pg_basebackup."""
        async with running_base_backup(self._address, self._programs) as stream:
            yield stream

    @asynccontextmanager
    async def follow_wal(self) -> AsyncIterator[PostgresWalFeed | None]:
        """Receive under an advisory lock, which ends with the connection."""
        async with self._address.connection() as connection:
            if not await self._leads(connection):
                yield None
                return
            async with running_feed(self._address, connection, self._programs, self._spools) as feed:
                yield feed

    @staticmethod
    async def _leads(connection: "asyncpg.Connection[Any]") -> bool:
        return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK))

    def _require_fit(self, row: "asyncpg.Record") -> None:
        label = self._address.label
        if row["standby"]:
            raise ServerRefuses(f"The server of the {label} is a standby; name the primary.")
        if row["tablespaces"]:
            names = ", ".join(row["tablespaces"])
            raise ServerRefuses(f"The server of the {label} has tablespaces ({names}); backups take servers without any.")
