"""The replication slot that makes the server keep its log until we have stored it.

Nobody streams from it: pg_receivewal runs without a slot, and the slot is moved on by a statement when a segment is stored. So a
spool that is lost loses nothing.
"""

from typing import Any, Final

import asyncpg

from adapters.backup.connecting import Address
from adapters.backup.programs import Programs, last_line
from adapters.backup.spool import Spool
from domain.backups.problems import ServerRefuses
from domain.backups.wal import Segment, lsn_of, lsn_text

SLOT: Final = "onelast_backup"
_FIND: Final = "SELECT restart_lsn::text AS restart, wal_status FROM pg_replication_slots WHERE slot_name = $1"
_CREATE: Final = "SELECT pg_create_physical_replication_slot($1, true)"
_DROP: Final = "SELECT pg_drop_replication_slot($1)"
_ADVANCE: Final = """
SELECT pg_replication_slot_advance(slot_name, $2::text::pg_lsn) FROM pg_replication_slots
WHERE slot_name = $1 AND restart_lsn < $2::text::pg_lsn
"""
_SEGMENT_BYTES: Final = "SELECT pg_size_bytes(current_setting('wal_segment_size'))"


async def ensure_slot(connection: "asyncpg.Connection[Any]") -> bool:
    """Make the slot if there is none, or if the server has given it up (max_slot_wal_keep_size); return whether it was made."""
    row = await connection.fetchrow(_FIND, SLOT)
    if row is not None and (row["restart"] is None or row["wal_status"] == "lost"):
        await connection.execute(_DROP, SLOT)
        row = None
    if row is None:
        await connection.execute(_CREATE, SLOT)
    return row is None


async def advance(connection: "asyncpg.Connection[Any]", lsn: int) -> None:
    """Let the server forget its log before `lsn`."""
    await connection.execute(_ADVANCE, SLOT, lsn_text(lsn))


async def first_segment(
    address: Address, connection: "asyncpg.Connection[Any]", programs: Programs, spool: Spool
) -> tuple[Segment, int]:
    """Return the segment where the slot stands, and the size of segments; only the replication protocol tells the timeline."""
    target, secrets = address.for_programs(replication="true")
    log, command = spool.log("psql"), f"READ_REPLICATION_SLOT {SLOT}"
    process = await programs.start("psql", "-XAtwd", target, "-c", command, log=log, environment=secrets, listen=True)
    output, _ = await process.communicate()
    fields = output.decode().strip().split("|")
    if process.returncode or len(fields) != 3 or not fields[2].isdigit():
        raise ServerRefuses(f"The server of the {address.label} does not tell where its log begins: {last_line(log)}")
    size = await connection.fetchval(_SEGMENT_BYTES)
    return Segment.of(lsn_of(fields[1]), int(fields[2]), size), size
