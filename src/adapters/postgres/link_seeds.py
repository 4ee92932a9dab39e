"""The seeds of owners' links, in the catalog: who has a shard, or a copy of one, cannot tell any link from it."""

from typing import Final

from sqlalchemy import LargeBinary, bindparam, literal_column, select, union_all
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import LINK_SEEDS, Id
from application.ports.entropy import Entropy
from application.ports.link_seeds import LinkSeeds
from domain.shared.identifiers import UserId

_owner: Final = bindparam("owner_id", type_=Id)
_known: Final = select(LINK_SEEDS.c.seed).where(LINK_SEEDS.c.owner_id == _owner).cte("known")
_missing: Final = ~select(literal_column("1")).select_from(_known).exists()
_fresh: Final = select(_owner, bindparam("fresh", type_=LargeBinary)).where(_missing)
_made: Final = (
    insert(LINK_SEEDS).from_select(["owner_id", "seed"], _fresh).on_conflict_do_nothing().returning(LINK_SEEDS.c.seed).cte("made")
)
_TAKE: Final = Statement(union_all(select(_known.c.seed), select(_made.c.seed)), "link_seeds.take")


class PostgresLinkSeeds(LinkSeeds):
    """Seeds in the catalog."""

    def __init__(self, catalog: Database, entropy: Entropy) -> None:
        self._catalog, self._entropy = catalog, entropy

    async def of(self, owner_id: UserId) -> bytes:
        """Read the seed, or store a new one; who makes one at the same moment as another reads the other's."""
        rows = await self._take(owner_id) or await self._take(owner_id)
        return bytes(rows[0]["seed"])

    async def _take(self, owner_id: UserId) -> list[dict[str, bytes]]:
        rows = await self._catalog.take(_TAKE, owner_id=owner_id, fresh=self._entropy.secret("").encode())
        return [dict(row) for row in rows]
