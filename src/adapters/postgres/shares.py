"""Shares on their owners' shards."""

from typing import Final

from sqlalchemy import bindparam, select

from adapters.postgres.rows import share_columns, share_from
from adapters.postgres.staging import Staging, insertion, removal, replacement
from adapters.postgres.statement import Statement
from adapters.postgres.tables import SHARES, Id
from application.ports.shards import ShareRepository
from domain.sessions.share import Share
from domain.shared.identifiers import SessionId, ShareId, UserId

_mine: Final = SHARES.c.owner_id == bindparam("owner_id", type_=Id)
FIND_SHARE: Final = Statement(
    select(SHARES).where(SHARES.c.session_id == bindparam("session_id", type_=Id), _mine), "shares.find"
)
_LIST: Final = Statement(select(SHARES.c.id).where(_mine), "shares.list_ids")
_ADD: Final = insertion(SHARES)
_SAVE: Final = replacement(SHARES, "fingerprint", "title", "agent_id", "agent_name", "head_seq", "taken_at")
_REMOVE: Final = removal(SHARES)


class PostgresShares(ShareRepository):
    """Shares of one owner; they go with their session by a trigger."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    async def find(self, session_id: SessionId) -> Share | None:
        """Read the share now."""
        row = await self._staging.database.row(FIND_SHARE, session_id=session_id, owner_id=self._owner_id)
        return None if row is None else share_from(row)

    async def list_ids(self) -> tuple[ShareId, ...]:
        """Read them now."""
        rows = await self._staging.database.rows(_LIST, owner_id=self._owner_id)
        return tuple(row["id"] for row in rows)

    def add(self, share: Share) -> None:
        """Stage the row."""
        self._staging.add(_ADD, share_columns(share))

    def save(self, share: Share) -> None:
        """Stage the new values."""
        self._staging.save(_SAVE, share.id, share, share_columns(share))

    def remove(self, share: Share) -> None:
        """Stage the deletion."""
        self._staging.remove(_REMOVE, share.id, share.version)
