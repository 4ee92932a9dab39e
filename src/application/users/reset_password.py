"""Set a forgotten password anew."""

from dataclasses import dataclass

from application.origin import NOWHERE, Origin
from application.ports.account_reader import AccountReader
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher
from application.retrying import again_when_stale
from application.users.auditing import audit_entry
from application.users.ending import end_the_rest, stage_ends
from application.users.throttling import Throttle, account_marks, place_mark
from domain.shared.identifiers import UserId
from domain.shared.secrets import fingerprint
from domain.users.audit import AuditAction
from domain.users.credential import Credential, TokensRevoked
from domain.users.mailed_token import MailedTokenRefused, MailPurpose, refused_token
from domain.users.user import check_password


@dataclass(frozen=True, slots=True)
class ResetPasswordCommand:
    """The token that was mailed, and the new password."""

    token: str
    password: str
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Sets the password, uses the token up, and ends all sign-ins. Who has the token reads the mail: the address is verified.

    Until then whoever registered the address need not have been its owner: keys and providers of theirs end too.
    """

    catalog: Catalog
    accounts: AccountReader
    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher
    throttle: Throttle

    async def execute(self, command: ResetPasswordCommand) -> None:
        """Set it; Invalid for a password that is none, MailedTokenRefused, TooManyAttempts."""
        check_password(command.password)
        marks, found = [place_mark(command.origin.address)], fingerprint(command.token)
        await self.throttle.require_patience(marks)
        try:
            await self._require_good(found)
            hashed = await self.hasher.hash(command.password)
            user_id, email = await again_when_stale(lambda: self._set(found, hashed, command.origin))
        except MailedTokenRefused:
            await self.throttle.count(marks)
            raise
        # Whoever guesses from many places must not keep the owner, who is perhaps in a new one, from using the password.
        await self.throttle.clear(account_marks("login", email, command.origin.address, ())[:2])
        await end_the_rest(self.catalog, self.accounts, user_id, None, self.clock.now())

    async def _require_good(self, found: bytes) -> None:
        """Hash nothing for who has no token."""
        async with self.catalog.open() as unit:
            token = await unit.mailed_tokens.find(found)
            if token is None:
                raise refused_token()
            token.require(MailPurpose.RESET_PASSWORD, token.email, self.clock.now())

    async def _set(self, found: bytes, hashed: str, origin: Origin) -> tuple[UserId, str]:
        now = self.clock.now()
        async with self.catalog.open() as unit:
            token = await unit.mailed_tokens.find(found)
            if token is None:
                raise refused_token()
            user = await unit.users.get(token.user_id)
            token.require(MailPurpose.RESET_PASSWORD, user.email, now)
            unproven = user.email_verified_at is None
            user.verify_email(now=now)
            unit.users.save(user, Credential(user.id, hashed))
            unit.mailed_tokens.take(token)
            await stage_ends(unit, self.accounts, user.id, None, now)
            if unproven:
                await self._end_other_ways_in(unit, user.id)
            unit.audit.note(audit_entry(self.entropy, now, user.id, AuditAction.PASSWORD_RESET, origin=origin))
            await unit.commit()
        return user.id, user.email

    @staticmethod
    async def _end_other_ways_in(unit: CatalogUnitOfWork, user_id: UserId) -> None:
        unit.record(TokensRevoked(await unit.sign_ins.fingerprints_of(user_id)))
        unit.api_keys.remove_all_of(user_id)
        unit.identities.remove_all_of(user_id)
