"""What every directory of users does. The fixtures: `directory`, and `catalog` to write what it reads."""

import pytest

from application.paging import PageRequest
from application.ports.catalog import Catalog
from application.ports.user_directory import UserDirectory
from application.users.views import UserView
from domain.users.limits import OwnLimits
from domain.users.plan import Plan, UserRole
from tests.support.builders import LATER, new_user_id
from tests.support.storing import remove_user, store_user


class UserDirectorySuite:
    async def test_a_user_is_found_by_the_whole_address_as_it_is_now(self, catalog: Catalog, directory: UserDirectory) -> None:
        user = await store_user(catalog)
        assert await directory.find_by_email(user.email) == UserView.of(user)
        assert await directory.find_by_email(user.email[1:]) is None
        user.change_plan(Plan.PRO, now=LATER)
        user.change_role(UserRole.ADMIN, now=LATER)
        user.agree(OwnLimits(requests_per_day=7, models=("small",)), 12_500_000_000, now=LATER)
        async with catalog.open() as unit:
            unit.users.save(user)
            await unit.commit()
        assert await directory.find_by_email(user.email) == UserView.of(user)
        await remove_user(catalog, user)
        assert await directory.find_by_email(user.email) is None

    @pytest.mark.parametrize("descending", [False, True])
    async def test_users_are_listed_by_identifier_page_by_page(
        self, catalog: Catalog, directory: UserDirectory, descending: bool
    ) -> None:
        floor = new_user_id()
        mine = sorted([UserView.of(await store_user(catalog)) for _ in range(5)], key=lambda view: view.id)
        assert mine[0].id > floor
        if descending:
            page = await directory.list_users(PageRequest(3, descending=True))
            assert [page.items, page.has_more] == [tuple(mine[:1:-1]), True]
            page = await directory.list_users(PageRequest(2, descending=True, after=page.items[-1].id))
            assert page.items == (mine[1], mine[0])
        else:
            page = await directory.list_users(PageRequest(3, descending=False, after=floor))
            assert [page.items, page.has_more] == [tuple(mine[:3]), True]
            page = await directory.list_users(PageRequest(3, descending=False, after=mine[2].id))
            assert [page.items, page.has_more] == [tuple(mine[3:]), False]
