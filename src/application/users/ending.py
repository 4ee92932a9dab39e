"""Ending sign-ins, with all their tokens."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from application.paging import PageRequest
from application.ports.account_reader import AccountReader
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.retrying import again_when_stale
from domain.shared.identifiers import SignInId, UserId
from domain.users.credential import TokensRevoked

_AT_ONCE: Final = PageRequest(100)
Note = Callable[[CatalogUnitOfWork, int], None]


def note_nothing(_: CatalogUnitOfWork, __: int) -> None:
    """Stage nothing."""


async def stage_ends(
    unit: CatalogUnitOfWork, accounts: AccountReader, user_id: UserId, but: SignInId | None, now: datetime
) -> int:
    """Stage the end of the user's sign-ins but one, of the newest hundred of them; return how many end.

    The commit raises StaleWrite if one of them got new tokens, or ended, since they were read.
    """
    page = await accounts.list_sign_ins(user_id, _AT_ONCE, now)
    ending = [sign_in for sign_in in page.items if sign_in.id != but]
    for sign_in in ending:
        unit.sign_ins.remove(sign_in)
    if ending:
        unit.record(TokensRevoked(tuple(sign_in.access for sign_in in ending)))
    return len(ending)


async def end_the_rest(
    catalog: Catalog, accounts: AccountReader, user_id: UserId, but: SignInId | None, now: datetime, note: Note = note_nothing
) -> int:
    """End the user's sign-ins but one until none is left, with those that came in meanwhile; return how many ended.

    `note` stages what is to be stored with the end of so many.
    """

    async def end_some() -> int:
        async with catalog.open() as unit:
            some = await stage_ends(unit, accounts, user_id, but, now)
            if some:
                note(unit, some)
                await unit.commit()
            return some

    ended = 0
    while some := await again_when_stale(end_some):
        ended += some
    return ended
