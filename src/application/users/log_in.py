"""Sign in with a password."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.idempotency import Done, Once, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.account_reader import AccountReader
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher
from application.users.auditing import audit_entry
from application.users.throttling import Mark, Throttle, account_marks
from application.users.tokens import TokenPair, new_pair, new_sign_in
from domain.shared.identifiers import UserId
from domain.users.audit import AuditAction
from domain.users.credential import Credential, WrongCredentials

_NOBODY: Final = UserId("user_nobody")
# The log of an account tells of guesses when there are so many of them, and not of each: a guess must not cost us a write.
_NOTED: Final = frozenset({5, 20, 100, 1_000, 10_000, 100_000})


@dataclass(frozen=True, slots=True)
class LogInCommand:
    """The address and the password."""

    email: str
    password: str
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class LogIn:
    """Checks a password and begins a sign-in; an unknown address takes as long as a wrong password.

    A repetition gets tokens of its own: nothing that is stored could tell the first ones again.
    """

    catalog: Catalog
    accounts: AccountReader
    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher
    throttle: Throttle

    async def execute(self, command: LogInCommand) -> TokenPair:
        """Return new tokens; WrongCredentials, TooManyAttempts."""
        return await carry_out(command.once, lambda: self._attempt(command))

    async def _attempt(self, command: LogInCommand) -> TokenPair:
        email = command.email.strip().lower().replace("\x00", "")
        async with self.catalog.open() as unit:
            credential = await unit.users.find_credential(email)
        known = await self.accounts.addresses_of(credential.user_id if credential else _NOBODY)
        marks = account_marks("login", email, command.origin.address, known)
        async with self.throttle.turn(marks):
            good = await self.hasher.verify(command.password, credential.password_hash if credential else None)
            if credential is None or not good:
                await self._refuse(credential, marks, command.origin)
                raise WrongCredentials("The e-mail address or the password is wrong.")
        await self.throttle.clear(marks[:1])
        return await self._begin(credential, command)

    async def _refuse(self, credential: Credential | None, marks: Sequence[Mark], origin: Origin) -> None:
        counts = await self.throttle.count(marks)
        times = counts[min(1, len(counts) - 1)]
        if credential is None or times not in _NOTED:
            return
        async with self.catalog.open() as unit:
            unit.audit.note(audit_entry(
                self.entropy, self.clock.now(), credential.user_id, AuditAction.SIGN_IN_FAILED, origin=origin, times=str(times)
            ))
            await unit.commit()

    async def _begin(self, credential: Credential, command: LogInCommand) -> TokenPair:
        pair, user_id, now = new_pair(self.entropy), credential.user_id, self.clock.now()
        async with self.catalog.open() as unit:
            if await recall(unit.keys, command.once, user_id, Done) is None:
                remember(unit.keys, command.once, user_id, Done())
            # Who changes the password meanwhile ends this sign-in with the others: it must not slip in behind.
            unit.users.require(credential)
            sign_in = new_sign_in(self.entropy, user_id, pair, now, command.origin)
            unit.sign_ins.add(sign_in)
            unit.audit.note(audit_entry(
                self.entropy, now, user_id, AuditAction.SIGNED_IN, actor_id=user_id, origin=command.origin, sign_in_id=sign_in.id
            ))
            await unit.commit()
        return pair
