"""What the servers tell: Postgres of its tables and connections, Valkey of its memory and keys, and /metrics of tasks."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Self

import asyncpg

from adapters.redis.pipe import Pipe
from bench.client import fetch
from bench.load.stage import Stage
from bench.wire import WrongAnswer, request

Told = Mapping[tuple[str, str], float]

_PATIENCE_SECONDS: Final = 2.0
_TASKS: Final = re.compile(r'^onelast_tasks\{worker="(\d+)"\} (\S+)$', re.MULTILINE)
_CONNECTIONS: Final = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
_TABLES: Final = """
SELECT schemaname || '.' || relname AS name, pg_total_relation_size(relid) AS bytes, n_dead_tup AS dead
FROM pg_stat_user_tables WHERE schemaname IN ('catalog', 'shard') ORDER BY 1
"""


class Servers:
    """Connections that only ask."""

    def __init__(self, stage: Stage, database: Any) -> None:
        self._stage, self._database = stage, database
        self._valkey = Pipe(stage.redis, patience=_PATIENCE_SECONDS)

    @classmethod
    async def open(cls, stage: Stage) -> Self:
        """Connect."""
        servers = cls(stage, await asyncpg.connect(stage.dsn))
        await servers._valkey.open()
        return servers

    async def close(self) -> None:
        """Disconnect."""
        await self._valkey.close()
        await self._database.close()

    async def ask(self) -> Told:
        """Return everything by kind and name."""
        return {**await self._postgres(), **await self._of_valkey()}

    async def tasks(self) -> dict[int, float]:
        """Return the tasks of each serving process that answers now."""
        with suppress(TimeoutError, OSError, WrongAnswer):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                (answer,) = await fetch(self._stage.port, [request("GET", "/metrics")])
                return {int(pid): float(value) for pid, value in _TASKS.findall(answer.body.decode())}
        return {}

    async def _postgres(self) -> dict[tuple[str, str], float]:
        told = {("connections", "postgres"): float(await self._database.fetchval(_CONNECTIONS))}
        tables = await self._database.fetch(_TABLES)
        counts = " UNION ALL ".join(f"SELECT '{row['name']}', count(*) FROM {row['name']}" for row in tables)
        for row in tables:
            told["table bytes", row["name"]], told["dead rows", row["name"]] = float(row["bytes"]), float(row["dead"])
        for name, count in await self._database.fetch(counts):
            told["rows", name] = float(count)
        return told

    async def _of_valkey(self) -> dict[tuple[str, str], float]:
        memory, clients, keys = await self._valkey.ask(("INFO", "memory"), ("INFO", "clients"), ("DBSIZE",))
        return {
            ("bytes of data", "valkey"): _field(memory, "used_memory"), ("keys", "valkey"): float(keys),
            ("connections", "valkey"): _field(clients, "connected_clients"),
        }


def _field(info: bytes, name: str) -> float:
    found = re.search(rf"^{name}:(\d+)", bytes(info).decode(), re.MULTILINE)
    if found is None:
        raise WrongAnswer(f"Valkey's INFO does not tell {name}.")
    return float(found[1])
