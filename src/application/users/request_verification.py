"""Ask for another mail with which the address can be verified."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Done, Once, carry_out, recall, remember
from application.ports.catalog import Catalog
from application.users.throttling import Throttle, own_mark
from domain.users.mailed_token import MailPurpose, MailWanted


@dataclass(frozen=True, slots=True)
class RequestVerificationCommand:
    """Who asks."""

    actor: Actor
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class RequestVerification:
    """Has the mail sent, unless the address is verified already."""

    catalog: Catalog
    throttle: Throttle

    async def execute(self, command: RequestVerificationCommand) -> None:
        """Ask; TooManyAttempts for who asks too often."""
        await carry_out(command.once, lambda: self._ask(command))

    async def _ask(self, command: RequestVerificationCommand) -> None:
        user_id, marks = command.actor.user_id, [own_mark("verification", command.actor.user_id)]
        async with self.catalog.open() as unit:
            if await recall(unit.keys, command.once, user_id, Done) is not None:
                return
            wanted = (await unit.users.get(user_id)).email_verified_at is None
            if wanted:
                await self.throttle.require_patience(marks)
                unit.record(MailWanted(user_id, MailPurpose.VERIFY_EMAIL))
            remember(unit.keys, command.once, user_id, Done())
            await unit.commit()
        if wanted:
            await self.throttle.count(marks)
