"""Identities in Postgres."""

from typing import Final

from sqlalchemy import bindparam, delete, select

from adapters.postgres.staging import Staging, insertion
from adapters.postgres.statement import Statement
from adapters.postgres.tables import IDENTITIES, Id
from application.ports.catalog import IdentityRepository
from domain.shared.identifiers import UserId
from domain.users.identity import Identity

_issuer: Final = bindparam("issuer", type_=Id)
_FIND: Final = Statement(
    select(IDENTITIES).where(IDENTITIES.c.issuer == _issuer, IDENTITIES.c.subject == bindparam("subject", type_=Id)),
    "identities.find",
)
_ADD: Final = insertion(IDENTITIES)
_REMOVE_ALL: Final = Statement(
    delete(IDENTITIES).where(IDENTITIES.c.user_id == bindparam("user_id", type_=Id)), "identities.remove_all"
)


class PostgresIdentities(IdentityRepository):
    """Rows by issuer and subject."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def find(self, issuer: str, subject: str) -> Identity | None:
        """Read the row now."""
        row = await self._staging.database.row(_FIND, issuer=issuer, subject=subject)
        return None if row is None else Identity(row["issuer"], row["subject"], row["user_id"], row["created_at"])

    def add(self, identity: Identity) -> None:
        """Stage the row."""
        columns = {
            "issuer": identity.issuer, "subject": identity.subject, "user_id": identity.user_id,
            "created_at": identity.created_at,
        }
        self._staging.add(_ADD, columns)

    def remove_all_of(self, user_id: UserId) -> None:
        """Stage the deletion."""
        self._staging.add(_REMOVE_ALL, {"user_id": user_id})
