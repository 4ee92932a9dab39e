"""Change the password."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Done, Once, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.account_reader import AccountReader
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher
from application.users.auditing import audit_entry
from application.users.ending import end_the_rest, stage_ends
from application.users.throttling import Throttle, own_mark
from domain.shared.errors import Forbidden
from domain.users.audit import AuditAction
from domain.users.credential import Credential
from domain.users.user import User, check_password


class WrongPassword(Forbidden):
    """The current password is another one."""

    code = "wrong_password"


@dataclass(frozen=True, slots=True)
class ChangePasswordCommand:
    """The password as it is and as it shall be."""

    actor: Actor
    current_password: str
    new_password: str
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Changes the password and ends all other sign-ins; API keys stay as they are."""

    catalog: Catalog
    accounts: AccountReader
    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher
    throttle: Throttle

    async def execute(self, command: ChangePasswordCommand) -> None:
        """Change it; Invalid for a new one that is none, WrongPassword, TooManyAttempts."""
        check_password(command.new_password, param="new_password")
        await carry_out(command.once, lambda: self._change(command))
        actor = command.actor
        await end_the_rest(self.catalog, self.accounts, actor.user_id, actor.sign_in_id, self.clock.now())

    async def _change(self, command: ChangePasswordCommand) -> None:
        actor, now = command.actor, self.clock.now()
        async with self.catalog.open() as unit:
            if await recall(unit.keys, command.once, actor.user_id, Done) is not None:
                return
            user = await unit.users.get(actor.user_id)
            if not await self._knows(command, unit, user):
                return
            unit.users.save(user, Credential(user.id, await self.hasher.hash(command.new_password)))
            await stage_ends(unit, self.accounts, user.id, actor.sign_in_id, now)
            unit.audit.note(audit_entry(
                self.entropy, now, user.id, AuditAction.PASSWORD_CHANGED, actor_id=user.id, origin=command.origin
            ))
            remember(unit.keys, command.once, user.id, Done())
            await unit.commit()

    async def _knows(self, command: ChangePasswordCommand, unit: CatalogUnitOfWork, user: User) -> bool:
        """Return True for the current password, False when the same request has changed it meanwhile; WrongPassword."""
        marks = [own_mark("change", command.actor.sign_in_id or user.id)]
        credential = await unit.users.find_credential(user.email)
        async with self.throttle.turn(marks):
            if not await self.hasher.verify(command.current_password, credential.password_hash if credential else None):
                if await recall(unit.keys, command.once, user.id, Done) is not None:
                    return False
                await self.throttle.count(marks)
                raise WrongPassword("The current password is another one.", param="current_password")
        await self.throttle.clear(marks)
        return True
