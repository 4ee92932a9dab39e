"""What must be so before a move begins; each condition that fails is told in a sentence."""

import asyncio
from typing import Any, Final

from adapters.postgres.leases import LEASE_SECONDS
from adapters.postgres.moving.connections import Connection, Sides
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.replication import try_address
from adapters.postgres.moving.tables import TABLES, count_rows
from adapters.postgres.revisions import read_stamp
from domain.shared.bucket_move import BucketMove, buckets_text
from domain.shared.identifiers import BUCKETS, bucket_of

_OLDEST_SERVER: Final = 160_000
_FREE: Final = 3  # the slot of the move, and two more for the first copy of two tables at once
_TARGETS_WORKERS: Final = 3
_PAUSE_SECONDS: Final = 0.1
_SERVER: Final = """
SELECT current_setting('server_version_num')::int AS release, pg_is_in_recovery() AS standby,
    current_setting('wal_level') AS wal_level,
    current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots) AS slots,
    current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_replication) AS senders,
    current_setting('max_logical_replication_workers')::int
        - (SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL) AS workers,
    has_database_privilege(current_database(), 'CREATE') AS may_create,
    r.rolsuper OR r.rolreplication OR EXISTS (
        SELECT FROM pg_roles g WHERE g.rolname = 'rds_replication' AND pg_has_role(g.oid, 'MEMBER')
    ) AS may_replicate,
    r.rolsuper OR EXISTS (
        SELECT FROM pg_roles g WHERE g.rolname = 'pg_create_subscription' AND pg_has_role(g.oid, 'USAGE')
    ) AS may_subscribe,
    (
        SELECT bool_and(pg_has_role(c.relowner, 'USAGE')) FROM pg_class c
        WHERE c.relnamespace = 'shard'::regnamespace AND c.relname = ANY($1)
    ) AS owns
FROM pg_roles r WHERE r.rolname = current_user
"""
_IGNORANT: Final = "SELECT id FROM shard.nodes WHERE alive_until > now() AND shards <= $1 ORDER BY id"


async def require_possible(sides: Sides, journal: MoveJournal, move: BucketMove, *, directory: bool) -> None:
    """Return if the move can begin; MoveProblem tells the first thing that is in the way. Nothing is changed."""
    await _require_home(journal, move)
    await _require_servers(sides, move)
    await _require_revision(sides, move)
    await _require_empty(sides, move)
    if directory:
        await _require_nobody_pinned(sides, move)
    await _require_nodes(sides, move)
    await try_address(sides, move)


async def _require_home(journal: MoveJournal, move: BucketMove) -> None:
    newest = await journal.newest_map()
    strangers = tuple(one for one in move.buckets if not 0 <= one < BUCKETS)
    _require(not strangers, f"There is no {buckets_text(strangers)}: they are numbered 0 to {BUCKETS - 1}.")
    elsewhere = tuple(one for one in move.buckets if newest.shard_of(one) != move.source)
    _require(
        not elsewhere,
        f"Shard {move.source} does not hold {buckets_text(elsewhere)} by version {newest.version} of the shard map.",
    )
    _require(move.source != move.target, f"Shard {move.target} holds {buckets_text(move.buckets)} already.")


async def _require_servers(sides: Sides, move: BucketMove) -> None:
    source, target = await _server(sides.source), await _server(sides.target)
    for number, server in ((move.source, source), (move.target, target)):
        _require_server(number, server)
    name = f"Shard {move.source}"
    _require(
        source["wal_level"] == "logical",
        f"{name} has wal_level {source['wal_level']}; set it to logical and restart its server.",
    )
    _require(source["slots"] >= _FREE, f"{name} needs {_FREE} free replication slots; raise max_replication_slots.")
    _require(source["senders"] >= _FREE, f"{name} needs {_FREE} free WAL senders; raise max_wal_senders.")
    _require(source["may_replicate"], f"The role may not replicate from shard {move.source}: ALTER ROLE … REPLICATION.")
    name = f"Shard {move.target}"
    _require(
        target["workers"] >= _TARGETS_WORKERS,
        f"{name} needs free replication workers; raise max_logical_replication_workers.",
    )
    _require(target["may_subscribe"], f"The role may not subscribe on shard {move.target}: GRANT pg_create_subscription TO it.")


async def _server(side: Connection) -> Any:
    return await side.fetchrow(_SERVER, [*TABLES, "move_marks"])


def _require_server(number: int, server: Any) -> None:
    name = f"Shard {number}"
    _require(not server["standby"], f"{name} is a standby.")
    _require(
        server["release"] >= _OLDEST_SERVER,
        f"{name} runs PostgreSQL {server['release'] // 10_000}; moving needs 16 or later.",
    )
    _require(server["may_create"], f"The role may not create in the database of shard {number}: GRANT CREATE ON DATABASE to it.")
    _require(server["owns"], f"The role does not own the tables of shard {number}; use the one that migrates.")


async def _require_revision(sides: Sides, move: BucketMove) -> None:
    source, target = [await read_stamp(side, "shard") for side in (sides.source, sides.target)]
    names = [stamp.name if stamp else "none" for stamp in (source, target)]
    _require(
        names[0] == names[1],
        f"Shard {move.source} is at revision {names[0]} and shard {move.target} at {names[1]}; run `onelast migrate`.",
    )


async def _require_empty(sides: Sides, move: BucketMove) -> None:
    rows = {table: count for table, count in (await count_rows(sides.target, move.buckets)).items() if count}
    told = ", ".join(f"{count} {table}" for table, count in rows.items())
    _require(
        not rows,
        f"Shard {move.target} has rows of {buckets_text(move.buckets)} already ({told}); `onelast check` tells whose.",
    )


async def _require_nobody_pinned(sides: Sides, move: BucketMove) -> None:
    pins = await sides.catalog.fetch(
        "SELECT user_id FROM catalog.shard_pins WHERE shard = ANY($1) ORDER BY user_id", [move.source, move.target]
    )
    held = [row["user_id"] for row in pins if bucket_of(row["user_id"]) in move.buckets]
    _require(
        not held,
        f"{len(held)} owners of these buckets are pinned to shard {move.source} or {move.target}, {held[:1]} among them: their"
        " buckets cannot move between the two.",
    )


async def _require_nodes(sides: Sides, move: BucketMove) -> None:
    for side in (sides.source, sides.target):
        await require_known(side, move.target)


async def require_known(shard: Connection, number: int) -> None:
    """Return if every living node has a database for the shard with this number; one that has just died lives for its lease."""
    deadline = asyncio.get_running_loop().time() + LEASE_SECONDS
    while ignorant := [row["id"] for row in await shard.fetch(_IGNORANT, number)]:
        _require(
            asyncio.get_running_loop().time() < deadline,
            f"Nodes have no shard {number} in their settings: {', '.join(ignorant)}; restart them with ONELAST_SHARD_DSNS.",
        )
        await asyncio.sleep(_PAUSE_SECONDS)


def _require(fact: object, otherwise: str) -> None:
    if not fact:
        raise MoveProblem(otherwise)
