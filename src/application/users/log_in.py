"""Sign in with a password."""

from dataclasses import dataclass

from application.idempotency import Done, Once, carry_out, recall, remember
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher
from application.users.tokens import TokenPair, new_pair, new_sign_in
from domain.shared.identifiers import UserId
from domain.users.credential import WrongCredentials


@dataclass(frozen=True, slots=True)
class LogInCommand:
    """The address and the password."""

    email: str
    password: str
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class LogIn:
    """Checks a password and begins a sign-in; an unknown address takes as long as a wrong password.

    A repetition gets tokens of its own: nothing that is stored could tell the first ones again.
    """

    catalog: Catalog
    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher

    async def execute(self, command: LogInCommand) -> TokenPair:
        """Return new tokens; WrongCredentials."""
        async with self.catalog.open() as unit:
            credential = await unit.users.find_credential(command.email.strip().lower().replace("\x00", ""))
        good = await self.hasher.verify(command.password, credential.password_hash if credential else None)
        if credential is None or not good:
            raise WrongCredentials("The e-mail address or the password is wrong.")
        user_id = credential.user_id
        return await carry_out(command.once, lambda: self._begin(user_id, command.once))

    async def _begin(self, user_id: UserId, once: Once | None) -> TokenPair:
        pair = new_pair(self.entropy)
        async with self.catalog.open() as unit:
            if await recall(unit.keys, once, user_id, Done) is None:
                remember(unit.keys, once, user_id, Done())
            unit.sign_ins.add(new_sign_in(self.entropy, user_id, pair, self.clock.now()))
            await unit.commit()
        return pair
