"""Exchange a refresh token for new tokens."""

from dataclasses import dataclass

from application.idempotency import Once, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.auditing import audit_entry
from application.users.secrets import new_salt
from application.users.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, TokenPair, pair_for
from domain.shared.secrets import fingerprint
from domain.users.audit import AuditAction
from domain.users.credential import SignIn, TokenRefused, TokensRevoked


@dataclass(frozen=True, slots=True)
class RefreshTokensCommand:
    """The refresh token."""

    refresh_token: str
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class Rotated:
    """What is remembered: not the tokens, which follow from the spent one and the salt."""

    salt: str


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Rotates a sign-in's tokens. A token used twice was stolen from somebody: the whole sign-in ends (RFC 9700, 4.14.2).

    Who repeats the same request, with its key, has lost the answer on the way, and gets the same tokens again.
    """

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: RefreshTokensCommand) -> TokenPair:
        """Return new tokens; TokenRefused."""
        return await carry_out(command.once, lambda: self._rotate(command))

    async def _rotate(self, command: RefreshTokensCommand) -> TokenPair:
        spent, once = fingerprint(command.refresh_token), command.once
        async with self.catalog.open() as unit:
            found = await unit.sign_ins.find_by_refresh(spent)
            if found is None:
                raise TokenRefused("The refresh token is unknown or revoked.")
            sign_in, reused = found
            rotated = await recall(unit.keys, once, sign_in.user_id, Rotated)
            if rotated is not None:
                return pair_for(self.entropy, once, rotated.salt)
            if reused or sign_in.expires_at <= self.clock.now():
                await self._end(unit, sign_in, command.origin, reused=reused)
                raise TokenRefused("The refresh token was used before or has expired; sign in again.")
            salt = new_salt(self.entropy)
            pair = pair_for(self.entropy, once, salt)
            unit.record(self._rotation(sign_in, pair, command.origin))
            unit.sign_ins.save(sign_in, spent)
            remember(unit.keys, once, sign_in.user_id, Rotated(salt))
            await unit.commit()
        return pair

    def _rotation(self, sign_in: SignIn, pair: TokenPair, origin: Origin) -> TokensRevoked:
        now = self.clock.now()
        return sign_in.rotate(
            access=fingerprint(pair.access_token), access_expires_at=now + ACCESS_LIFETIME,
            refresh=fingerprint(pair.refresh_token), expires_at=now + REFRESH_LIFETIME,
            now=now, address=origin.address, device=origin.device,
        )

    async def _end(self, unit: CatalogUnitOfWork, sign_in: SignIn, origin: Origin, *, reused: bool) -> None:
        unit.sign_ins.remove(sign_in)
        unit.record(TokensRevoked((sign_in.access,)))
        if reused:
            unit.audit.note(audit_entry(
                self.entropy, self.clock.now(), sign_in.user_id, AuditAction.REFRESH_REUSED, origin=origin, sign_in_id=sign_in.id
            ))
        await unit.commit()
