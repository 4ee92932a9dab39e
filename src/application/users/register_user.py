"""Sign up."""

from dataclasses import dataclass

from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher
from application.users.tokens import TokenPair, new_pair, new_sign_in
from application.users.views import UserView
from domain.shared.identifiers import UserId
from domain.users.credential import Credential
from domain.users.user import Plan, User, check_password


@dataclass(frozen=True, slots=True)
class RegisterUserCommand:
    """Who wants an account."""

    email: str
    password: str
    name: str


@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Makes an account and signs it in; EmailTaken when the address has one already."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher
    signup_plan: Plan

    async def execute(self, command: RegisterUserCommand) -> tuple[UserView, TokenPair]:
        """Return the new user and its first tokens."""
        now = self.clock.now()
        user_id = UserId(self.entropy.identifier("user", self.entropy.bucket()))
        user = User.register(user_id, email=command.email, name=command.name, plan=self.signup_plan, now=now)
        hashed = await self.hasher.hash(check_password(command.password))
        pair = new_pair(self.entropy)
        async with self.catalog.open() as unit:
            unit.users.add(user, Credential(user_id, hashed))
            unit.sign_ins.add(new_sign_in(self.entropy, user_id, pair, now))
            await unit.commit()
        return UserView.of(user), pair
