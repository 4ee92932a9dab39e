"""PostgreSQL's logical replication of some buckets from the source to the target: publication, slot, subscription.

The slot is made by hand and first, so that source and target may be databases of one server. The subscription comes last: where
it is there, the rest is too. The target finds a row by its primary key although the source's identity is the whole row:
PostgreSQL 16.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

import asyncpg

from adapters.postgres.moving.connections import Connection, Sides, patiently
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.tables import TABLES, switch_identity_off, switch_on
from domain.shared.bucket_move import BucketMove

PREFIX: Final = "onelast_move_"
_MOST_ERRORS: Final = 5
_STOP_SECONDS: Final = 30.0
_NAME: Final = re.compile(r"[a-z0-9_]{1,63}")
_OPTIONS: Final = (
    "create_slot = false, slot_name = '{name}', copy_data = true, enabled = true, streaming = off, two_phase = false,"
    " synchronous_commit = 'off'"
)
_STATES: Final = """
SELECT c.relname AS table, r.srsubstate::text AS state, p.tuples_processed AS copied
FROM pg_subscription s JOIN pg_subscription_rel r ON r.srsubid = s.oid JOIN pg_class c ON c.oid = r.srrelid
LEFT JOIN pg_stat_progress_copy p ON p.relid = r.srrelid AND p.datname = current_database()
WHERE s.subname = $1
"""
_OF_SUBSCRIPTION: Final = "slot_name = $1 OR starts_with(slot_name, $2)"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the first copy has come: rows that are there, and whether all tables follow the source now."""

    copied: int
    follows: bool


def name_of(move: BucketMove) -> str:
    """Return how publication, slot and subscription are called."""
    name = f"onelast_{move.id}"
    assert _NAME.fullmatch(name)
    return name


async def subscribed(sides: Sides, move: BucketMove) -> bool:
    """Tell whether the subscription is there, and so everything."""
    found: bool = await sides.target.fetchval("SELECT EXISTS (SELECT FROM pg_subscription WHERE subname = $1)", name_of(move))
    return found


async def publish(source: Connection, move: BucketMove, pace: Pace) -> None:
    """Make the publication and the slot, from which on the source keeps what changes."""
    name = name_of(move)
    await switch_on(source, pace)
    chosen = f"bucket = ANY ('{{{','.join(map(str, move.buckets))}}}'::smallint[])"
    parts = [f"TABLE shard.{table} WHERE ({chosen})" for table in TABLES]
    parts.append(f"TABLE shard.move_marks WHERE (move_id = '{move.id}')")
    await patiently(
        source, f"CREATE PUBLICATION {name} FOR {', '.join(parts)} WITH (publish = 'insert, update, delete')",
        short=pace.short, within=pace.locks,
    )
    await source.execute("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", name)


async def subscribe(sides: Sides, move: BucketMove) -> None:
    """Make the subscription, which begins to copy."""
    name = name_of(move)
    try:
        await sides.target.execute(
            f"CREATE SUBSCRIPTION {name} CONNECTION {_literal(sides.address)} PUBLICATION {name}"
            f" WITH ({_OPTIONS.format(name=name)})"
        )
    except asyncpg.PostgresError as error:
        raise unreachable_from_target(move, error) from None


async def try_address(sides: Sides, move: BucketMove) -> None:
    """Look whether the target reaches the source, by a subscription that is taken back at once; MoveProblem if not."""
    trial = f"{name_of(move)}_trial"
    transaction = sides.target.transaction()
    await transaction.start()
    try:
        await sides.target.execute(
            f"CREATE SUBSCRIPTION {trial} CONNECTION {_literal(sides.address)} PUBLICATION {trial}"
            " WITH (create_slot = false, slot_name = NONE, enabled = false, copy_data = false)"
        )
    except asyncpg.PostgresError as error:
        raise unreachable_from_target(move, error) from None
    finally:
        await transaction.rollback()


def unreachable_from_target(move: BucketMove, error: asyncpg.PostgresError) -> MoveProblem:
    """Return the problem; the server's words name hosts and no passwords, and are told in its log as well."""
    return MoveProblem(
        f"Shard {move.target} cannot subscribe to shard {move.source}: {type(error).__name__} (its log tells more); set"
        " ONELAST_MOVE_DSNS to the addresses by which the shards reach each other, with a role that may replicate."
    )


async def read_progress(sides: Sides, move: BucketMove, rows: dict[str, int]) -> Progress:
    """Return how far the copy has come; MoveProblem when the subscription has failed again and again."""
    states = await sides.target.fetch(_STATES, name_of(move))
    errors = await sides.target.fetchval(
        "SELECT apply_error_count + sync_error_count FROM pg_stat_subscription_stats WHERE subname = $1", name_of(move)
    )
    if (errors or 0) >= _MOST_ERRORS:
        raise MoveProblem(
            f"Shard {move.target} failed {errors} times to take over what shard {move.source} sent; its log tells why."
        )
    copied = sum(
        rows.get(one["table"], 0) if one["state"] in "fsr" else min(one["copied"] or 0, rows.get(one["table"], 0))
        for one in states
    )
    return Progress(copied, len(states) == len(TABLES) + 1 and all(one["state"] == "r" for one in states))


async def require_slot(source: Connection, move: BucketMove) -> None:
    """Return if the source still keeps what changes; MoveProblem if the slot is gone, as after a failover."""
    status = await source.fetchval("SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1", name_of(move))
    if status in (None, "lost"):
        raise MoveProblem(
            f"Shard {move.source} has lost the move's replication slot; `onelast shards abort` takes the move back."
        )


async def tear_down(sides: Sides, move: BucketMove, pace: Pace) -> None:
    """Remove subscription, slots and publication, as far as they are there.

    The subscription goes last, for its number names slots.
    """
    name = name_of(move)
    oid = await sides.target.fetchval("SELECT oid::bigint FROM pg_subscription WHERE subname = $1", name)
    if oid is not None:
        await sides.target.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
    await _drop_slots(sides.source, name, f"pg_{oid}_sync_" if oid is not None else name)
    if oid is not None:
        await sides.target.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
        await sides.target.execute(f"DROP SUBSCRIPTION {name}")
    await patiently(sides.source, f"DROP PUBLICATION IF EXISTS {name}", short=pace.short, within=pace.locks)
    await switch_identity_off(sides.source, pace)


async def _drop_slots(source: Connection, name: str, sync: str) -> None:
    """Drop the slots when their readers have gone; who does not go by himself is sent away."""
    query = f"SELECT slot_name, active_pid FROM pg_replication_slots WHERE {_OF_SUBSCRIPTION}"  # noqa: S608  (constants)
    async with asyncio.timeout(_STOP_SECONDS):
        while slots := await source.fetch(query, name, sync):
            for slot in slots:
                await _drop_slot(source, slot["slot_name"], slot["active_pid"])
            await asyncio.sleep(0.02)


async def _drop_slot(source: Connection, name: str, reader: int | None) -> None:
    if reader is not None:
        await source.execute("SELECT pg_terminate_backend($1)", reader)
        return
    try:
        await source.execute("SELECT pg_drop_replication_slot($1)", name)
    except (asyncpg.ObjectInUseError, asyncpg.UndefinedObjectError):
        return


def _literal(text: str) -> str:
    escaped = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{escaped}'" if "\\" in text else f"'{escaped}'"
