"""Sign up."""

from dataclasses import dataclass

from application.idempotency import Once, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher
from application.users.auditing import audit_entry
from application.users.throttling import Throttle, place_mark
from application.users.tokens import TokenPair, new_pair, new_sign_in
from application.users.views import UserView
from domain.shared.identifiers import UserId
from domain.users.audit import AuditAction
from domain.users.credential import Credential
from domain.users.mailed_token import MailPurpose, MailWanted
from domain.users.plan import Plan
from domain.users.user import EmailTaken, User, check_password, parse_email


@dataclass(frozen=True, slots=True)
class RegisterUserCommand:
    """Who wants an account."""

    email: str
    password: str
    name: str
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Makes an account, signs it in, and has it mailed a proof of its address; EmailTaken when the address has one already.

    A repetition signs in whom the first request registered, with tokens of its own; it has to bring the password.
    """

    catalog: Catalog
    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher
    signup_plan: Plan
    throttle: Throttle

    async def execute(self, command: RegisterUserCommand) -> tuple[UserView, TokenPair]:
        """Return the new user and its first tokens; EmailTaken, TooManyAttempts where that was answered too often."""
        marks = [place_mark(command.origin.address)]
        await self.throttle.require_patience(marks)
        try:
            return await self._register(command)
        except EmailTaken:
            known = None if command.once is None else await self._again(command, command.once)
            if known is None:
                await self.throttle.count(marks)
                raise
            return known

    async def _register(self, command: RegisterUserCommand) -> tuple[UserView, TokenPair]:
        now = self.clock.now()
        user_id = UserId(self.entropy.identifier("user", self.entropy.bucket()))
        user = User.register(user_id, email=command.email, name=command.name, plan=self.signup_plan, now=now)
        hashed = await self.hasher.hash(check_password(command.password))
        pair = new_pair(self.entropy)
        async with self.catalog.open() as unit:
            unit.users.add(user, Credential(user_id, hashed))
            unit.sign_ins.add(new_sign_in(self.entropy, user_id, pair, now, command.origin))
            unit.audit.note(audit_entry(
                self.entropy, now, user_id, AuditAction.REGISTERED, actor_id=user_id, origin=command.origin
            ))
            unit.record(MailWanted(user_id, MailPurpose.VERIFY_EMAIL))
            remember(unit.keys, command.once, user_id, UserView.of(user))
            await unit.commit()
        return UserView.of(user), pair

    async def _again(self, command: RegisterUserCommand, once: Once) -> tuple[UserView, TokenPair] | None:
        async with self.catalog.open() as unit:
            credential = await unit.users.find_credential(parse_email(command.email))
            stored = None if credential is None else credential.password_hash
            if not await self.hasher.verify(command.password, stored) or credential is None:
                return None
            user = await recall(unit.keys, once, credential.user_id, UserView)
            if user is None:
                return None
            pair = new_pair(self.entropy)
            unit.sign_ins.add(new_sign_in(self.entropy, user.id, pair, self.clock.now(), command.origin))
            await unit.commit()
        return user, pair
