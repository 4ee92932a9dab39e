"""Identities in memory."""

from adapters.memory.constraints import require_user
from adapters.memory.staging import Staging
from adapters.memory.tables import Tables, drop_where
from application.ports.catalog import IdentityRepository
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import UserId
from domain.users.identity import Identity


class MemoryIdentities(IdentityRepository):
    """Rows by issuer and subject."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def find(self, issuer: str, subject: str) -> Identity | None:
        """Read the row now."""
        return (await self._staging.store.read()).identities.get((issuer, subject))

    def add(self, identity: Identity) -> None:
        """Stage the row."""

        def insert(tables: Tables) -> None:
            if (identity.issuer, identity.subject) in tables.identities:
                raise StaleWrite("Somebody else was faster.")
            tables.identities[identity.issuer, identity.subject] = identity

        self._staging.add(insert)
        self._staging.require(lambda tables: require_user(tables, identity.user_id))

    def remove_all_of(self, user_id: UserId) -> None:
        """Stage the removal."""
        self._staging.add(lambda tables: drop_where(tables.identities, lambda one: one.user_id == user_id))
