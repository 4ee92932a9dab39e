"""What one turn of a conversation takes from every part, with few and many turns at once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import psutil

from adapters.redis.pipe import Pipe
from bench.cpu import cpu_seconds
from bench.measurement import Metric, Sample, Side
from bench.measurements.replies import reply_load
from bench.stage import FAST, PACED, Stage
from bench.targets import Target

_WIDTHS, _PACED_WIDTHS = (1, 8, 64), (16, 64, 200)
_TURNS = 4
_COUNTED = """
SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()) AS commits,
    pg_current_wal_lsn() - '0/0'::pg_lsn AS wal,
    (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = 'shard'::regnamespace AND relkind = 'r') AS bytes,
    pg_backend_pid() AS pid
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What all parts have done so far: CPU in seconds, commits, bytes of log and of tables, commands."""

    server: float
    postgres: float
    valkey: float
    commits: int
    wal: int
    stored: int
    commands: int


class GrowthTurns:
    """CPU, commits, bytes and commands of a user's message with its stored reply of 50 tokens."""

    metrics = (
        Metric("server", "server's CPU", "µs"), Metric("postgres", "Postgres's CPU", "µs"),
        Metric("valkey", "Valkey's CPU", "µs"),
        Metric("commits", "commits", "of Postgres"), Metric("wal", "write-ahead log", "B"),
        Metric("stored", "tables and indexes of the shard", "B"), Metric("commands", "commands", "of Valkey"),
        Metric("rate", "turns", "/s", "higher"),
    )

    def __init__(self, name: str, model: str, what: str, turns: int) -> None:
        self.name, self._model, self._turns = name, model, turns
        self._widths = _WIDTHS if model == FAST else _PACED_WIDTHS
        self.title = f"turns at once, with replies of 50 tokens {what}; for each turn"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(self._model) as started:
            pipe, connection = Pipe(stage.valkey_url), await asyncpg.connect(stage.dsn)
            try:
                count = partial(_counts, started.target.pid, pipe, connection)
                yield {str(width): partial(self._sample, stage, started.target, width, count) for width in self._widths}
            finally:
                await connection.close()
                await pipe.close()

    async def _sample(self, stage: Stage, target: Target, width: int, count: Callable[[], Awaitable[Counts]]) -> Sample:
        sessions = max(width, self._turns // _TURNS) if self._model == FAST else width
        conversations = await target.converse(sessions)
        before = await count()
        answers, usage = await reply_load(target, stage.cores, width, conversations, each=_TURNS if self._model == FAST else 1)
        after, turns = await count(), len(answers)
        per = {
            "server": 1e6 * (after.server - before.server), "postgres": 1e6 * (after.postgres - before.postgres),
            "valkey": 1e6 * (after.valkey - before.valkey), "commits": after.commits - before.commits,
            "wal": after.wal - before.wal, "stored": after.stored - before.stored, "commands": after.commands - before.commands,
        }
        return Sample({**{key: value / turns for key, value in per.items()}, "rate": turns / usage.seconds}, usage)


def growth_turns(scale: float) -> GrowthTurns:
    """Return the measurement of replies that come at once."""
    return GrowthTurns("growth-turns", FAST, "that come at once", max(256, round(1_024 * scale)))


def growth_paced_turns(_: float) -> GrowthTurns:
    """Return the measurement of replies at a model's pace, whose events are written to Valkey as they come."""
    return GrowthTurns("growth-paced-turns", PACED, "that come every 20 ms", 0)


async def _counts(pid: int, pipe: Pipe, connection: Any) -> Counts:
    """Return the counts; backends tell their commits when they have been idle for a second."""
    await connection.execute("SELECT pg_sleep(1.1), pg_stat_clear_snapshot()")
    row = await connection.fetchrow(_COUNTED)
    postgres = psutil.Process(row["pid"]).parent()
    assert postgres is not None
    pids = [postgres.pid, *(child.pid for child in postgres.children())]
    told = dict(line.split(":", 1) for line in _text((await pipe.ask(("INFO", "everything")))[0]).splitlines() if ":" in line)
    valkey = float(told["used_cpu_sys"]) + float(told["used_cpu_user"])
    return Counts(
        cpu_seconds(pid), sum(map(cpu_seconds, pids)), valkey, row["commits"], int(row["wal"]), int(row["bytes"]),
        int(told["total_commands_processed"]),
    )


def _text(answer: Any) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)
