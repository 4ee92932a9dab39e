"""What the server does for a statement: its plans, and the tables that it went through."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import asyncpg

from adapters.postgres.statement import Statement

# What a server does with a prepared statement: it plans for each time's values, or keeps one plan for all values.
_WAYS: Final = ("force_custom_plan", "force_generic_plan")
_SCANNED: Final = "SELECT schemaname || '.' || relname AS name FROM pg_stat_xact_user_tables WHERE seq_scan > 0"
_REMOVED: Final = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Node: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """The plans of either way, and the tables that were read from end to end, by triggers and foreign keys too."""

    plans: Sequence[Node]
    scanned: frozenset[str]

    def steps(self) -> Iterator[Node]:
        """Yield the steps of all plans that were taken."""
        for plan in self.plans:
            yield from (node for node in _nodes(plan) if node["Actual Loops"])


def rows_of(node: Node) -> float:
    """Return how many rows a step had in its hands."""
    return float(node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(removed, 0) for removed in _REMOVED)))


def blocks_of(plan: Node) -> int:
    """Return how many blocks were looked at: also those of an index whose entries did not fit."""
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def told(node: Node) -> str:
    """Return the step in a few words."""
    words = (node["Node Type"], node.get("Index Name") or node.get("Relation Name"), f"{rows_of(node):.0f}")
    return " ".join(word for word in words if word)


async def planned(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> list[Node]:
    """Return the steps that the connection plans for a statement, as it is set up, without taking them."""
    await connection.execute(f"PREPARE planned AS {statement.text}")
    plan = await connection.fetchval(f"EXPLAIN (FORMAT json) {_execution('planned', statement, values)}")
    await connection.execute("DEALLOCATE planned")
    return list(_nodes(json.loads(plan)[0]["Plan"]))


async def explain(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> Explained:
    """Run the statement in both ways, and undo it all."""
    execution = _execution("explained", statement, values)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SET LOCAL jit = off")
        await connection.execute(f"PREPARE explained AS {statement.text}")
        plans = [await _explained(connection, execution, way) for way in _WAYS]
        scanned = frozenset(row["name"] for row in await connection.fetch(_SCANNED))
    finally:
        await transaction.rollback()
    return Explained(plans, scanned)


async def _explained(connection: Connection, execution: str, way: str) -> Node:
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        await connection.execute(f"SET LOCAL plan_cache_mode = {way}")
        plan = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) {execution}")
    finally:
        await savepoint.rollback()
    return dict(json.loads(plan)[0]["Plan"])


def _execution(name: str, statement: Statement, values: Mapping[str, Any]) -> str:
    given = ", ".join(_literal(value) for value in statement.arguments(values))
    return f"EXECUTE {name}({given})" if given else f"EXECUTE {name}"


def _nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _literal(value: Any) -> str:
    return "NULL" if value is None else "'" + _text(value).replace("'", "''") + "'"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return "{" + ",".join(json.dumps(_text(each)) for each in value) + "}"
    return str(value)
