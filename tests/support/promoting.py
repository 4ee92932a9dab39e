"""Making administrators, as an operator does."""

from dishka import AsyncContainer

from application.users.change_standing import ChangeStanding, ChangeStandingCommand
from domain.shared.identifiers import UserId
from domain.users.plan import UserRole
from tests.support.api import Caller, Promote


def promoting(container: AsyncContainer) -> Promote:
    """Return what gives a caller the role."""

    async def promote(caller: Caller) -> None:
        case = await container.get(ChangeStanding)
        await case.execute(ChangeStandingCommand(None, UserId(caller.user["id"]), role=UserRole.ADMIN))

    return promote
