"""Reading shares: a page of what a link shows is one statement, wherever its owner is."""

from typing import Any, Final

from sqlalchemy import Integer, bindparam, or_, select, text, true, tuple_

from adapters.postgres.placement import Placement
from adapters.postgres.rows import share_view, shared_message, snapshot_from
from adapters.postgres.shares import FIND_SHARE
from adapters.postgres.statement import Statement
from adapters.postgres.tables import MESSAGES, SHARES, Id
from application.freshness import Freshness, Tolerance
from application.paging import PageRequest, page_of
from application.ports.readers import ShareReader
from application.sessions.views import SharedSession, ShareView
from domain.shared.identifiers import SessionId, ShareId, UserId

_place: Final = (MESSAGES.c.session_id, MESSAGES.c.seq)
_after: Final[Any] = bindparam("after", type_=Integer)
_page: Final = (
    select(MESSAGES.c.seq, MESSAGES.c.role, MESSAGES.c.content, MESSAGES.c.created_at.label("said_at"))
    .where(
        tuple_(*_place) > tuple_(SHARES.c.session_id, _after),
        tuple_(*_place) <= tuple_(SHARES.c.session_id, SHARES.c.head_seq),
        or_(MESSAGES.c.status == text("'completed'"), MESSAGES.c.status == text("'cancelled'")),
    )
    .order_by(*_place).limit(bindparam("limit", type_=Integer)).lateral("page")
)
# A share without a message on the page still gives one row, with `seq` NULL.
_SHARED: Final = Statement(
    select(SHARES, *_page.c).select_from(SHARES.outerjoin(_page, true()))
    .where(SHARES.c.id == bindparam("share_id", type_=Id)).order_by(_page.c.seq),
    "shares.page",
)


class PostgresShareReader(ShareReader):
    """Shares, as all see them."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement

    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> ShareView | None:
        """Read the share."""
        row = await self._placement.of(owner_id, freshness).row(FIND_SHARE, session_id=session_id, owner_id=owner_id)
        return None if row is None else share_view(row)

    async def read_shared(self, share_id: ShareId, after: int, limit: int) -> SharedSession | None:
        """Read the page at the source: a shared cache that is purged would keep what a replica says for long."""
        for home in self._placement.homes_of(share_id):
            rows = await home.rows(_SHARED, share_id=share_id, after=after, limit=limit + 1)
            if rows:
                said = [shared_message(row) for row in rows if row["seq"] is not None]
                page = page_of(said, PageRequest(limit, descending=False))
                return SharedSession(share_id, rows[0]["fingerprint"], snapshot_from(rows[0]), page)
        return None
