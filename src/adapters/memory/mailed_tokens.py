"""Mailed tokens in memory."""

from adapters.memory.constraints import require_user
from adapters.memory.staging import Staging
from adapters.memory.tables import Tables
from application.ports.mailed_tokens import MailedTokenRepository
from domain.shared.errors import StaleWrite
from domain.users.mailed_token import MailedToken


class MemoryMailedTokens(MailedTokenRepository):
    """Tokens by account and purpose."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def find(self, fingerprint: bytes) -> MailedToken | None:
        """Read the token now."""
        tokens = (await self._staging.store.read()).mailed_tokens.values()
        return next((token for token in tokens if token.fingerprint == fingerprint), None)

    def replace(self, token: MailedToken) -> None:
        """Stage the token."""
        self._staging.add(lambda tables: tables.mailed_tokens.update({(token.user_id, token.purpose): token}))
        self._staging.require(lambda tables: require_user(tables, token.user_id))

    def take(self, token: MailedToken) -> None:
        """Stage the removal."""

        def remove(tables: Tables) -> None:
            if tables.mailed_tokens.get((token.user_id, token.purpose)) != token:
                raise StaleWrite("Somebody else was faster.")
            del tables.mailed_tokens[token.user_id, token.purpose]

        self._staging.remove(remove)
