"""What every queue of erasures does. The fixtures: `catalog` to begin them, `erasures` with none in it, `pass_time` to wait."""

import asyncio
from collections.abc import Awaitable, Callable

from application.ports.catalog import Catalog
from application.ports.erasures import Erasures
from domain.shared.identifiers import UserId
from domain.users.erasure import Erasure
from tests.support.builders import new_user_id

PassTime = Callable[[float], Awaitable[None]]


async def _begin(catalog: Catalog, lease: float = 0.0) -> UserId:
    user_id = new_user_id()
    async with catalog.open() as unit:
        unit.erasures.begin(user_id, "first", lease)
        await unit.commit()
    return user_id


def _told(erasure: Erasure | None) -> tuple[str, str, int] | None:
    return None if erasure is None else (erasure.user_id, erasure.step, erasure.attempts)


class ErasuresSuite:
    async def test_one_that_is_due_is_claimed_once_and_again_when_its_lease_has_ended(
        self, catalog: Catalog, erasures: Erasures, pass_time: PassTime
    ) -> None:
        user_id = await _begin(catalog)
        assert _told(await erasures.claim(30)) == (user_id, "first", 1)
        assert await erasures.claim(30) is None
        await pass_time(31)
        assert _told(await erasures.claim(30)) == (user_id, "first", 2)

    async def test_nobody_claims_one_that_a_request_is_busy_with(
        self, catalog: Catalog, erasures: Erasures, pass_time: PassTime
    ) -> None:
        user_id = await _begin(catalog, lease=30)
        assert await erasures.claim(30) is None
        await pass_time(31)
        assert _told(await erasures.claim(30)) == (user_id, "first", 1)

    async def test_what_is_not_committed_does_not_begin(self, catalog: Catalog, erasures: Erasures) -> None:
        async with catalog.open() as unit:
            unit.erasures.begin(new_user_id(), "first", 0)
        assert await erasures.claim(30) is None

    async def test_the_next_step_has_not_been_attempted_and_is_due_when_it_was_said(
        self, catalog: Catalog, erasures: Erasures, pass_time: PassTime
    ) -> None:
        user_id = await _begin(catalog)
        await erasures.claim(0)
        await erasures.advance(user_id, "second", 60)
        assert await erasures.claim(30) is None
        await pass_time(61)
        assert _told(await erasures.claim(30)) == (user_id, "second", 1)

    async def test_one_that_is_put_off_keeps_its_attempts(
        self, catalog: Catalog, erasures: Erasures, pass_time: PassTime
    ) -> None:
        user_id = await _begin(catalog)
        await erasures.claim(30)
        await erasures.put_off(user_id, 5)
        assert await erasures.claim(30) is None
        await pass_time(6)
        assert _told(await erasures.claim(30)) == (user_id, "first", 2)

    async def test_the_one_that_is_due_longest_comes_first(
        self, catalog: Catalog, erasures: Erasures, pass_time: PassTime
    ) -> None:
        late, early = await _begin(catalog, lease=20), await _begin(catalog, lease=10)
        await pass_time(30)
        assert [_told(await erasures.claim(30)) for _ in range(3)] == [(early, "first", 1), (late, "first", 1), None]

    async def test_of_many_who_claim_at_once_one_gets_it(self, catalog: Catalog, erasures: Erasures) -> None:
        user_id = await _begin(catalog)
        claimed = await asyncio.gather(*(erasures.claim(30) for _ in range(8)))
        assert [_told(one) for one in claimed if one is not None] == [(user_id, "first", 1)]

    async def test_what_is_finished_is_forgotten_and_stays_so(self, catalog: Catalog, erasures: Erasures) -> None:
        user_id = await _begin(catalog)
        await erasures.finish(user_id)
        await erasures.advance(user_id, "second", 0)
        await erasures.put_off(user_id, 0)
        await erasures.finish(user_id)
        assert await erasures.claim(30) is None
