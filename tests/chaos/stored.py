"""What the database holds in the end."""

from collections import Counter
from typing import Any

import asyncpg
from msgspec import json

from tests.chaos.history import History, StoredMessage, StoredRun

_RUNS = "SELECT id, session_id, status, attempt, last_seq, input_tokens, output_tokens, error_code FROM shard.runs ORDER BY id"
_MESSAGES = "SELECT id, session_id, seq, role, content, run_id, client_message_id FROM shard.messages ORDER BY session_id, seq"
# No worker runs, so that every event is still there.
_ENDINGS = "SELECT payload FROM shard.outbox WHERE kind = 'RunFinished'"
_OPEN = "SELECT count(*) FROM shard.runs WHERE finished_at IS NULL"


async def count_open_runs(dsn: str) -> int:
    """Return how many runs have not ended."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(_OPEN))
    finally:
        await connection.close()


async def read_stored(dsn: str, history: History) -> None:
    """Add all runs and messages to the history."""
    connection = await asyncpg.connect(dsn)
    try:
        endings = Counter(json.decode(row["payload"])["run_id"] for row in await connection.fetch(_ENDINGS))
        history.runs += [_run(row, endings[row["id"]]) for row in await connection.fetch(_RUNS)]
        history.messages += [_message(row) for row in await connection.fetch(_MESSAGES)]
    finally:
        await connection.close()


def _run(row: Any, endings: int) -> StoredRun:
    usage = None if row["input_tokens"] is None else (row["input_tokens"], row["output_tokens"])
    return StoredRun(
        row["id"], row["session_id"], row["status"], row["attempt"], row["last_seq"], usage, endings, row["error_code"]
    )


def _message(row: Any) -> StoredMessage:
    text = "".join(part.get("text", "") for part in json.decode(row["content"]))
    return StoredMessage(row["id"], row["session_id"], row["seq"], row["role"], text, row["run_id"], row["client_message_id"])
