"""Messages and runs, each with what belongs to it."""

from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, func, literal_column, select, text, true

from adapters.postgres.consistency.scan import Row, Scan, Selection
from adapters.postgres.tables import MESSAGES, NODES, RUNS, SESSIONS
from domain.consistency.conversation import MessageFacts, RunFacts
from domain.consistency.whereabouts import Lodging

_EARLIER: Final = MESSAGES.alias("earlier")


def _found(*where: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return true if there is such a row, else null: a subquery that stays one."""
    return select(true()).where(*where).scalar_subquery()


_MESSAGE_SELECTION: Final = Selection(
    (
        MESSAGES.c.session_id, MESSAGES.c.seq, MESSAGES.c.id, MESSAGES.c.bucket, MESSAGES.c.role, MESSAGES.c.run_id,
        select(func.max(_EARLIER.c.seq)).where(_EARLIER.c.session_id == MESSAGES.c.session_id, _EARLIER.c.seq < MESSAGES.c.seq)
        .scalar_subquery().label("previous_seq"),
        select(SESSIONS.c.owner_id).where(SESSIONS.c.id == MESSAGES.c.session_id).scalar_subquery().label("owner_id"),
        _found(RUNS.c.id == MESSAGES.c.run_id, RUNS.c.session_id == MESSAGES.c.session_id).label("has_run"),
    ),
    (MESSAGES.c.session_id, MESSAGES.c.seq), ("", 0), MESSAGES.c.id,
)
_RUN_SELECTION: Final = Selection(
    (
        RUNS.c.id, RUNS.c.session_id, RUNS.c.owner_id, RUNS.c.bucket, RUNS.c.status, RUNS.c.node, RUNS.c.error_code,
        RUNS.c.finished_at, RUNS.c.input_tokens, RUNS.c.output_tokens,
        select(SESSIONS.c.owner_id).where(SESSIONS.c.id == RUNS.c.session_id).scalar_subquery().label("session_owner_id"),
        select(SESSIONS.c.active_run_id).where(SESSIONS.c.id == RUNS.c.session_id).scalar_subquery().label("session_active"),
        _found(NODES.c.id == RUNS.c.node, NODES.c.alive_until > func.now()).label("kept"),
        select(true()).where(NODES.c.alive_until > func.now()).limit(literal_column("1")).scalar_subquery().label("any_node"),
        _found(
            MESSAGES.c.session_id == RUNS.c.session_id, MESSAGES.c.seq == RUNS.c.message_seq, MESSAGES.c.id == RUNS.c.message_id
        ).label("has_message"),
        select(func.count()).select_from(MESSAGES).where(MESSAGES.c.run_id == RUNS.c.id, MESSAGES.c.role == text("'assistant'"))
        .scalar_subquery().label("replies"),
    ),
    (RUNS.c.id,), ("",), RUNS.c.id,
)


def message_scan(size: int) -> Scan:
    """Return the scan of messages."""
    return Scan(_MESSAGE_SELECTION, size, _message)


def run_scan(size: int) -> Scan:
    """Return the scan of runs."""
    return Scan(_RUN_SELECTION, size, _run)


def _message(row: Row, shard: int) -> MessageFacts:
    lodging = Lodging(row["id"], row["bucket"], row["owner_id"], shard)
    return MessageFacts(
        lodging, row["session_id"], row["seq"], row["previous_seq"] or 0, row["role"], row["run_id"], row["has_run"] is not None,
    )


def _run(row: Row, shard: int) -> RunFacts:
    lodging = Lodging(row["id"], row["bucket"], row["owner_id"], shard)
    return RunFacts(
        lodging, row["session_id"], row["session_owner_id"], row["session_active"], row["status"], row["node"],
        kept=row["kept"] is not None, any_node=row["any_node"] is not None, finished=row["finished_at"] is not None,
        counted=row["input_tokens"] is not None and row["output_tokens"] is not None, error_code=row["error_code"],
        has_message=row["has_message"] is not None, replies=row["replies"],
    )
