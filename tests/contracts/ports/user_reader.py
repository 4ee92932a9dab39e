"""What every reader of users does. The fixtures: `users`, and `catalog` to write what it reads."""

from application.actor import Actor
from application.paging import PageRequest
from application.ports.catalog import Catalog
from application.ports.readers import UserReader
from application.users.views import UserView
from domain.users.user import User
from tests.support.builders import LATER, new_fingerprint, new_user_id, rotated
from tests.support.storing import remove_user, store_api_key, store_sign_in, store_user
from tests.support.walking import every_way, walks_both_ways


async def rename(catalog: Catalog, user: User, name: str) -> None:
    async with catalog.open() as unit:
        user.rename(name, now=LATER)
        unit.users.save(user)
        await unit.commit()


class UserReaderSuite:
    async def test_a_user_is_found_as_it_is_now(self, catalog: Catalog, users: UserReader) -> None:
        user = await store_user(catalog)
        assert await users.find_user(user.id) == UserView.of(user)
        await rename(catalog, user, "Grace")
        assert await users.find_user(user.id) == UserView.of(user)
        await remove_user(catalog, user)
        assert await users.find_user(user.id) is None

    async def test_what_is_not_there_is_none_or_empty(self, users: UserReader) -> None:
        assert await users.find_user(new_user_id()) is None
        assert await users.find_actor(new_fingerprint()) is None
        page = await users.list_api_keys(new_user_id(), PageRequest())
        assert (page.items, page.has_more) == ((), False)

    async def test_an_access_token_stands_for_its_user_until_it_expires(self, catalog: Catalog, users: UserReader) -> None:
        user = await store_user(catalog)
        sign_in = await store_sign_in(catalog, user)
        assert await users.find_actor(sign_in.access) == Actor(user.id, user.plan, sign_in.id, sign_in.access_expires_at)
        assert await users.find_actor(sign_in.refresh) is None

    async def test_a_key_stands_for_its_user_for_ever(self, catalog: Catalog, users: UserReader) -> None:
        user = await store_user(catalog)
        key = await store_api_key(catalog, user)
        assert await users.find_actor(key.fingerprint) == Actor(user.id, user.plan, None, None)

    async def test_after_a_rotation_the_new_token_opens_and_the_old_one_does_not(
        self, catalog: Catalog, users: UserReader
    ) -> None:
        sign_in = await store_sign_in(catalog, await store_user(catalog))
        old = sign_in.access
        async with catalog.open() as unit:
            unit.sign_ins.save(sign_in, rotated(sign_in))
            await unit.commit()
        found = await users.find_actor(sign_in.access)
        assert found is not None
        assert (found.sign_in_id, found.expires_at) == (sign_in.id, sign_in.access_expires_at)
        assert await users.find_actor(old) is None

    async def test_what_was_removed_opens_nothing(self, catalog: Catalog, users: UserReader) -> None:
        user = await store_user(catalog)
        sign_in, other = await store_sign_in(catalog, user), await store_sign_in(catalog, user)
        key, kept = await store_api_key(catalog, user), await store_api_key(catalog, user)
        async with catalog.open() as unit:
            unit.sign_ins.remove(sign_in)
            unit.api_keys.remove(key)
            await unit.commit()
        fingerprints = [sign_in.access, key.fingerprint, other.access, kept.fingerprint]
        assert [await users.find_actor(one) is None for one in fingerprints] == [True, True, False, False]
        await remove_user(catalog, user)
        assert [await users.find_actor(one) for one in fingerprints] == [None] * 4

    @every_way
    async def test_keys_are_paged_in_both_directions_and_without_others(
        self, catalog: Catalog, users: UserReader, limit: int, descending: bool
    ) -> None:
        user = await store_user(catalog)
        await store_api_key(catalog, await store_user(catalog))
        keys = [await store_api_key(catalog, user) for _ in range(7)]
        await walks_both_ways(lambda page: users.list_api_keys(user.id, page), keys, limit=limit, descending=descending)
