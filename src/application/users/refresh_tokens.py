"""Exchange a refresh token for new tokens."""

from dataclasses import dataclass

from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.retrying import again_when_stale
from application.users.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, TokenPair, new_pair
from domain.shared.secrets import fingerprint
from domain.users.credential import SignIn, TokenRefused, TokensRevoked


@dataclass(frozen=True, slots=True)
class RefreshTokensCommand:
    """The refresh token."""

    refresh_token: str


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Rotates a sign-in's tokens. A token used twice was stolen from somebody: the whole sign-in ends (RFC 9700, 4.14.2)."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: RefreshTokensCommand) -> TokenPair:
        """Return new tokens; TokenRefused."""
        return await again_when_stale(lambda: self._rotate(fingerprint(command.refresh_token)))

    async def _rotate(self, spent: bytes) -> TokenPair:
        now = self.clock.now()
        async with self.catalog.open() as unit:
            found = await unit.sign_ins.find_by_refresh(spent)
            if found is None:
                raise TokenRefused("The refresh token is unknown or revoked.")
            sign_in, reused = found
            if reused or sign_in.expires_at <= now:
                await self._end(unit, sign_in)
                raise TokenRefused("The refresh token was used before or has expired; sign in again.")
            pair = new_pair(self.entropy)
            unit.record(
                sign_in.rotate(
                    access=fingerprint(pair.access_token), access_expires_at=now + ACCESS_LIFETIME,
                    refresh=fingerprint(pair.refresh_token), expires_at=now + REFRESH_LIFETIME,
                )
            )
            unit.sign_ins.save(sign_in, spent)
            await unit.commit()
        return pair

    async def _end(self, unit: CatalogUnitOfWork, sign_in: SignIn) -> None:
        unit.sign_ins.remove(sign_in)
        unit.record(TokensRevoked((sign_in.access,)))
        await unit.commit()
