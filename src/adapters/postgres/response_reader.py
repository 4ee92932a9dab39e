"""Reading single replies and messages of a shard. Each question is one statement."""

from typing import Any, Final

from sqlalchemy import and_, bindparam, select, text

from adapters.postgres.placement import Placement
from adapters.postgres.rows import Row, message_from, response_view
from adapters.postgres.statement import Statement
from adapters.postgres.tables import MESSAGES, RUNS, SESSIONS, Id
from application.freshness import Freshness, Tolerance
from application.ports.responses import ResponseReader
from application.runs.views import ResponseView
from domain.sessions.message import Message
from domain.shared.identifiers import MessageId, RunId, SessionId, UserId

_owner: Final = bindparam("owner_id", type_=Id)
_SAID: Final = MESSAGES.alias("said")
_REPLY: Final = MESSAGES.alias("reply")
_RESPONSE: Final = Statement(
    select(
        RUNS, *(column.label(f"said_{column.name}") for column in _SAID.c),
        *(column.label(f"reply_{column.name}") for column in _REPLY.c),
    )
    .join(_SAID, and_(_SAID.c.session_id == RUNS.c.session_id, _SAID.c.seq == RUNS.c.message_seq, ~_SAID.c.superseded))
    .outerjoin(_REPLY, and_(_REPLY.c.run_id == RUNS.c.id, _REPLY.c.role == text("'assistant'"), ~_REPLY.c.superseded))
    .where(RUNS.c.id == bindparam("run_id", type_=Id), RUNS.c.owner_id == _owner),
    "runs.find_response",
)
_MESSAGE: Final = Statement(
    select(MESSAGES).join(SESSIONS, SESSIONS.c.id == MESSAGES.c.session_id).where(
        MESSAGES.c.id == bindparam("message_id", type_=Id), MESSAGES.c.session_id == bindparam("session_id", type_=Id),
        ~MESSAGES.c.superseded, SESSIONS.c.owner_id == _owner,
    ),
    "messages.find",
)


class PostgresResponseReader(ResponseReader):
    """Runs with their messages, and messages."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement

    async def find(
        self, owner_id: UserId, run_id: RunId, freshness: Freshness = Tolerance.FRESH
    ) -> ResponseView | None:
        """Read the run and its messages."""
        row = await self._placement.of(owner_id, freshness).row(_RESPONSE, run_id=run_id, owner_id=owner_id)
        return None if row is None else response_view(row, _part(row, "said"), _part(row, "reply"))

    async def find_message(
        self, owner_id: UserId, session_id: SessionId, message_id: MessageId, freshness: Freshness = Tolerance.FRESH
    ) -> Message | None:
        """Read the message."""
        row = await self._placement.of(owner_id, freshness).row(
            _MESSAGE, session_id=session_id, owner_id=owner_id, message_id=message_id
        )
        return None if row is None else message_from(row)


def _part(row: Row, name: str) -> dict[str, Any]:
    return {column.name: row[f"{name}_{column.name}"] for column in MESSAGES.c}
