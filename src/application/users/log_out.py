"""Sign out."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.catalog import Catalog
from domain.users.credential import TokensRevoked


@dataclass(frozen=True, slots=True)
class LogOutCommand:
    """Who leaves."""

    actor: Actor


@dataclass(frozen=True, slots=True)
class LogOut:
    """Ends the caller's sign-in with all its tokens; a second time changes nothing. An API key has no sign-in to end."""

    catalog: Catalog

    async def execute(self, command: LogOutCommand) -> None:
        """End the sign-in."""
        if command.actor.sign_in_id is None:
            return
        async with self.catalog.open() as unit:
            sign_in = await unit.sign_ins.find(command.actor.sign_in_id)
            if sign_in is not None:
                unit.sign_ins.remove(sign_in)
                unit.record(TokensRevoked((sign_in.access,)))
                await unit.commit()
