"""Prove that an address is one's own."""

from dataclasses import dataclass

from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.retrying import again_when_stale
from application.users.auditing import audit_entry
from application.users.throttling import Throttle, place_mark
from domain.shared.secrets import fingerprint
from domain.users.audit import AuditAction
from domain.users.mailed_token import MailedTokenRefused, MailPurpose, refused_token


@dataclass(frozen=True, slots=True)
class VerifyEmailCommand:
    """The token that was mailed."""

    token: str
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class VerifyEmail:
    """Notes that the account's address is verified, and uses the token up."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy
    throttle: Throttle

    async def execute(self, command: VerifyEmailCommand) -> None:
        """Verify it; MailedTokenRefused, TooManyAttempts."""
        marks = [place_mark(command.origin.address)]
        await self.throttle.require_patience(marks)
        try:
            await again_when_stale(lambda: self._verify(command))
        except MailedTokenRefused:
            await self.throttle.count(marks)
            raise

    async def _verify(self, command: VerifyEmailCommand) -> None:
        now = self.clock.now()
        async with self.catalog.open() as unit:
            token = await unit.mailed_tokens.find(fingerprint(command.token))
            if token is None:
                raise refused_token()
            user = await unit.users.get(token.user_id)
            token.require(MailPurpose.VERIFY_EMAIL, user.email, now)
            user.verify_email(now=now)
            unit.users.save(user)
            unit.mailed_tokens.take(token)
            unit.audit.note(audit_entry(self.entropy, now, user.id, AuditAction.EMAIL_VERIFIED, origin=command.origin))
            await unit.commit()
