"""The log of a server as it is written, through pg_receivewal."""

from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import asyncpg

from adapters.backup.connecting import Address
from adapters.backup.programs import Programs, end, last_line
from adapters.backup.slot import advance, ensure_slot, first_segment
from adapters.backup.spool import Spool, fresh_spool
from application.ports.backup_source import Progress, Received, WalFeed
from domain.backups.problems import ServerRefuses
from domain.backups.wal import Segment, lsn_of

# A spool that grows beyond this is given up; what was not stored comes again from the server.
_MOST_SEGMENTS: Final = 64
_RECEIVER_OPTIONS: Final = ("--no-loop", "--no-sync", "-s", "1", "-w", "-v")
_PROGRESS: Final = """
SELECT clock_timestamp() AS at, pg_current_wal_flush_lsn()::text AS flushed,
  (SELECT max(write_lsn)::text FROM pg_stat_replication WHERE application_name = $1) AS received
"""


class PostgresWalFeed(WalFeed):
    """Reads the spool that a running pg_receivewal fills; `connection` holds the lock."""

    def __init__(
        self, address: Address, connection: "asyncpg.Connection[Any]", spool: Spool, receiver: Process, name: str,
        segment_bytes: int, *, begins_anew: bool,
    ) -> None:
        self._address, self._connection, self._spool, self._receiver = address, connection, spool, receiver
        self._name, self._segment_bytes, self._begins_anew = name, segment_bytes, begins_anew

    @property
    def begins_anew(self) -> bool:
        """Whether the slot had to be made."""
        return self._begins_anew

    async def progress(self) -> Progress:
        """Ask the server, to which pg_receivewal tells once a second how far it has come."""
        if self._receiver.returncode is not None:
            told = last_line(self._spool.log("receiver"))
            raise ServerRefuses(f"The log of the {self._address.label} is not received any more: {told}")
        if len(self.received().segments) > _MOST_SEGMENTS:
            raise ServerRefuses(f"The log of the {self._address.label} comes faster than it can be stored.")
        with self._address.told():
            row = await self._connection.fetchrow(_PROGRESS, self._name)
        assert row is not None
        return Progress(row["at"], lsn_of(row["flushed"]), lsn_of(row["received"] or "0/0"))

    def received(self) -> Received:
        """Look into the spool."""
        return self._spool.received()

    async def read(self, name: str) -> bytes:
        """Read from the spool."""
        return await self._spool.read(name)

    async def release(self, segment: str) -> None:
        """Move the slot on, and drop the file."""
        with self._address.told():
            await advance(self._connection, Segment.parse(segment, self._segment_bytes).end(self._segment_bytes))
        self._spool.drop(segment)


@asynccontextmanager
async def running_feed(
    address: Address, connection: "asyncpg.Connection[Any]", programs: Programs, spools: Path
) -> AsyncIterator[PostgresWalFeed]:
    """Receive from where the slot stands, into a spool of our own."""
    with fresh_spool(spools) as spool:
        begins_anew = await ensure_slot(connection)
        first, size = await first_segment(address, connection, programs, spool)
        spool.begin_at(first.name(size))
        name = f"onelast_wal_{token_hex(4)}"
        target, secrets = address.for_programs()
        receiver = await programs.start(
            "pg_receivewal", "-d", target, "-D", str(spool.folder), *_RECEIVER_OPTIONS, log=spool.log("receiver"),
            environment=secrets | {"PGAPPNAME": name},
        )
        try:
            yield PostgresWalFeed(address, connection, spool, receiver, name, size, begins_anew=begins_anew)
        finally:
            await end(receiver)
