"""Tokens that were sent by mail."""

from typing import Final

from sqlalchemy import bindparam, delete, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.staging import Staging
from adapters.postgres.statement import Statement
from adapters.postgres.tables import MAILED_TOKENS
from application.ports.mailed_tokens import MailedTokenRepository
from domain.users.mailed_token import MailedToken, MailPurpose

_FIND: Final = Statement(
    select(MAILED_TOKENS).where(MAILED_TOKENS.c.fingerprint == bindparam("fingerprint")), "mailed_tokens.find"
)
_new: Final = insert(MAILED_TOKENS).values({name: bindparam(name) for name in MAILED_TOKENS.c.keys()})  # noqa: SIM118
_REPLACE: Final = Statement(
    _new.on_conflict_do_update(
        index_elements=["user_id", "purpose"],
        set_={name: _new.excluded[name] for name in ("fingerprint", "email", "expires_at")},
    ),
    "mailed_tokens.replace",
)
_TAKE: Final = Statement(
    delete(MAILED_TOKENS).where(MAILED_TOKENS.c.fingerprint == bindparam("fingerprint")).returning(literal_column("1")),
    "mailed_tokens.take",
)


class PostgresMailedTokens(MailedTokenRepository):
    """One row for each account and purpose."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def find(self, fingerprint: bytes) -> MailedToken | None:
        """Read the token now."""
        row = await self._staging.database.row(_FIND, fingerprint=fingerprint)
        if row is None:
            return None
        return MailedToken(row["fingerprint"], row["user_id"], MailPurpose(row["purpose"]), row["email"], row["expires_at"])

    def replace(self, token: MailedToken) -> None:
        """Stage the row."""
        self._staging.add(_REPLACE, {
            "fingerprint": token.fingerprint, "user_id": token.user_id, "purpose": token.purpose.value, "email": token.email,
            "expires_at": token.expires_at,
        })

    def take(self, token: MailedToken) -> None:
        """Stage the deletion."""
        self._staging.require(_TAKE, {"fingerprint": token.fingerprint})
