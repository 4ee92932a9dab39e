"""Sign up."""

from dataclasses import dataclass

from application.idempotency import Once, recall, remember
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher
from application.users.tokens import TokenPair, new_pair, new_sign_in
from application.users.views import UserView
from domain.shared.identifiers import UserId
from domain.users.credential import Credential
from domain.users.user import EmailTaken, Plan, User, check_password, parse_email


@dataclass(frozen=True, slots=True)
class RegisterUserCommand:
    """Who wants an account."""

    email: str
    password: str
    name: str
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Makes an account and signs it in; EmailTaken when the address has one already.

    A repetition signs in whom the first request registered, with tokens of its own; it has to bring the password.
    """

    catalog: Catalog
    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher
    signup_plan: Plan

    async def execute(self, command: RegisterUserCommand) -> tuple[UserView, TokenPair]:
        """Return the new user and its first tokens."""
        try:
            return await self._register(command)
        except EmailTaken:
            known = None if command.once is None else await self._again(command, command.once)
            if known is None:
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
            unit.sign_ins.add(new_sign_in(self.entropy, user_id, pair, now))
            remember(unit.keys, command.once, user_id, UserView.of(user))
            await unit.commit()
        return UserView.of(user), pair

    async def _again(self, command: RegisterUserCommand, once: Once) -> tuple[UserView, TokenPair] | None:
        async with self.catalog.open() as unit:
            credential = await unit.users.find_credential(parse_email(command.email))
            if credential is None or not await self.hasher.verify(command.password, credential.password_hash):
                return None
            user = await recall(unit.keys, once, credential.user_id, UserView)
            if user is None:
                return None
            pair = new_pair(self.entropy)
            unit.sign_ins.add(new_sign_in(self.entropy, user.id, pair, self.clock.now()))
            await unit.commit()
        return user, pair
