"""Erasures under way: rows of the catalog, due by its clock."""

from typing import Any, Final

from sqlalchemy import Double, bindparam, delete, func, insert, literal_column, select, update

from adapters.postgres.database import Database
from adapters.postgres.staging import Staging
from adapters.postgres.statement import Statement
from adapters.postgres.tables import ERASURES, SHARD_PINS, Id
from application.ports.erasures import ErasureRepository, Erasures
from domain.shared.identifiers import UserId
from domain.users.erasure import Erasure

_user: Final[Any] = bindparam("user_id", type_=Id)
_later: Final = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("due_in", type_=Double))
_NONE: Final[Any] = literal_column("0")
_ONE: Final[Any] = literal_column("1")
_BEGIN: Final = Statement(
    insert(ERASURES).values(user_id=_user, step=bindparam("step"), begun_at=func.now(), due_at=_later, attempts=_NONE),
    "erasures.begin",
)
_due: Final = (
    select(ERASURES.c.user_id).where(ERASURES.c.due_at <= func.now()).order_by(ERASURES.c.due_at)
    .limit(_ONE).with_for_update(skip_locked=True).scalar_subquery()
)
_CLAIM: Final = Statement(
    update(ERASURES).where(ERASURES.c.user_id == func.any(func.array(_due)))
    .values(due_at=_later, attempts=ERASURES.c.attempts + _ONE).returning(ERASURES),
    "erasures.claim",
)
_mine: Final = ERASURES.c.user_id == bindparam("the_id", type_=Id)
_ADVANCE: Final = Statement(
    update(ERASURES).where(_mine).values(step=bindparam("new_step"), due_at=_later, attempts=_NONE), "erasures.advance"
)
_PUT_OFF: Final = Statement(update(ERASURES).where(_mine).values(due_at=_later), "erasures.put_off")
_unpinned: Final = delete(SHARD_PINS).where(SHARD_PINS.c.user_id == bindparam("the_id", type_=Id)).cte("unpinned")
_FINISH: Final = Statement(delete(ERASURES).where(_mine).add_cte(_unpinned), "erasures.finish")


class PostgresErasureRepository(ErasureRepository):
    """Begins them."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def begin(self, user_id: UserId, step: str, lease: float) -> None:
        """Stage the row."""
        self._staging.add(_BEGIN, {"user_id": user_id, "step": step, "due_in": lease})


class PostgresErasures(Erasures):
    """Goes on with them."""

    def __init__(self, catalog: Database) -> None:
        self._catalog = catalog

    async def claim(self, lease: float) -> Erasure | None:
        """Take the first on, past those that others are taking."""
        rows = await self._catalog.take(_CLAIM, due_in=lease)
        return Erasure(rows[0]["user_id"], rows[0]["step"], rows[0]["begun_at"], rows[0]["attempts"]) if rows else None

    async def advance(self, user_id: UserId, step: str, due_in: float) -> None:
        """Set the step."""
        await self._catalog.take(_ADVANCE, the_id=user_id, new_step=step, due_in=due_in)

    async def put_off(self, user_id: UserId, due_in: float) -> None:
        """Set when it is due."""
        await self._catalog.take(_PUT_OFF, the_id=user_id, due_in=due_in)

    async def finish(self, user_id: UserId) -> None:
        """Delete the row and the pin."""
        await self._catalog.take(_FINISH, the_id=user_id)
