"""Shares, each with its session's owner."""

from typing import Final

from sqlalchemy import select

from adapters.postgres.consistency.scan import Row, Scan, Selection
from adapters.postgres.tables import SESSIONS, SHARES
from domain.consistency.sharing import ShareFacts
from domain.consistency.whereabouts import Lodging

_SELECTION: Final = Selection(
    (
        SHARES.c.id, SHARES.c.session_id, SHARES.c.owner_id, SHARES.c.bucket,
        select(SESSIONS.c.owner_id).where(SESSIONS.c.id == SHARES.c.session_id).scalar_subquery().label("session_owner_id"),
    ),
    (SHARES.c.id,), ("",), SHARES.c.id,
)


def share_scan(size: int) -> Scan:
    """Return the scan of shares."""
    return Scan(_SELECTION, size, _share)


def _share(row: Row, shard: int) -> ShareFacts:
    lodging = Lodging(row["id"], row["bucket"], row["owner_id"], shard)
    return ShareFacts(lodging, row["session_id"], row["session_owner_id"])
