"""Change the profile."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.users.views import UserView


@dataclass(frozen=True, slots=True)
class RenameUserCommand:
    """The new display name."""

    actor: Actor
    name: str
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class RenameUser:
    """Gives the caller another display name."""

    catalog: Catalog
    clock: Clock

    async def execute(self, command: RenameUserCommand) -> UserView:
        """Return the changed user."""
        return await carry_out(command.once, lambda: self._rename(command))

    async def _rename(self, command: RenameUserCommand) -> UserView:
        user_id, once = command.actor.user_id, command.once
        async with self.catalog.open() as unit:
            renamed = await recall(unit.keys, once, user_id, UserView)
            if renamed is not None:
                return renamed
            user = await unit.users.get(user_id)
            user.rename(command.name, now=self.clock.now())
            unit.users.save(user)
            remember(unit.keys, once, user_id, UserView.of(user))
            await unit.commit()
        return UserView.of(user)
