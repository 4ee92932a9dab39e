"""What is done with tokens that have ended. The fixtures: `tokens`, and a `catalog` that no other test uses."""

from dataclasses import replace
from datetime import timedelta

from application.ports.catalog import Catalog
from application.ports.expired_tokens import ExpiredTokens
from domain.users.credential import SignIn
from domain.users.mailed_token import MailedToken, MailPurpose
from tests.contracts.ports.catalog.access import by_refresh, save_rotation
from tests.support.builders import NOW, new_fingerprint, new_sign_in, rotated
from tests.support.storing import store_user

DAYS = (-1, -3, -2)
KEPT = (0, 1)


async def store(catalog: Catalog, ends_in: int) -> SignIn:
    """Return a sign-in that is stored and runs out so many days from now."""
    sign_in = replace(new_sign_in((await store_user(catalog)).id), expires_at=NOW + timedelta(days=ends_in))
    async with catalog.open() as unit:
        unit.sign_ins.add(sign_in)
        await unit.commit()
    return sign_in


async def store_mailed(catalog: Catalog, ends_in: int) -> MailedToken:
    """Return a mailed token that is stored and runs out so many days from now."""
    user = await store_user(catalog)
    ends = NOW + timedelta(days=ends_in)
    token = MailedToken(new_fingerprint(), user.id, MailPurpose.VERIFY_EMAIL, user.email, ends)
    async with catalog.open() as unit:
        unit.mailed_tokens.replace(token)
        await unit.commit()
    return token


async def spend(catalog: Catalog, sign_in: SignIn, days_ago: int) -> bytes:
    """Return a refresh token that was spent so many days ago."""
    sign_in.renewed_at = NOW - timedelta(days=days_ago)
    spent = rotated(sign_in)
    await save_rotation(catalog, sign_in, spent)
    return spent


class ExpiredTokensSuite:
    async def test_sign_ins_that_ran_out_are_removed_the_oldest_first_with_what_they_spent(
        self, catalog: Catalog, tokens: ExpiredTokens
    ) -> None:
        ended, kept = [[await store(catalog, days) for days in some] for some in (DAYS, KEPT)]
        old = await store(catalog, 1)
        spent = await spend(catalog, old, 1)
        assert await tokens.remove_sign_ins(NOW, 2) == 2
        assert await by_refresh(catalog, ended[0].refresh) == (ended[0], False)
        assert [await tokens.remove_sign_ins(NOW, 2) for _ in range(2)] == [1, 0]
        assert [await by_refresh(catalog, one.refresh) for one in ended] == [None] * 3
        assert [await by_refresh(catalog, one.refresh) for one in kept] == [(one, False) for one in kept]
        assert await tokens.remove_sign_ins(old.expires_at + timedelta(days=1), 10) == 3
        assert await by_refresh(catalog, spent) is None

    async def test_what_was_spent_before_is_removed_and_its_sign_in_stays(
        self, catalog: Catalog, tokens: ExpiredTokens
    ) -> None:
        sign_in = await store(catalog, 1)
        first, second, third = [await spend(catalog, sign_in, days_ago) for days_ago in (3, 2, 0)]
        assert [await tokens.remove_spent(NOW, 1) for _ in range(3)] == [1, 1, 0]
        assert [await by_refresh(catalog, spent) for spent in (first, second)] == [None, None]
        assert await by_refresh(catalog, third) == (sign_in, True)
        assert await by_refresh(catalog, sign_in.refresh) == (sign_in, False)

    async def test_mailed_tokens_that_ran_out_are_removed_and_no_others(
        self, catalog: Catalog, tokens: ExpiredTokens
    ) -> None:
        ended, kept = [[await store_mailed(catalog, days) for days in some] for some in (DAYS, KEPT)]
        assert await tokens.remove_mailed(NOW, 2) == 2
        async with catalog.open() as unit:
            assert await unit.mailed_tokens.find(ended[0].fingerprint) == ended[0]
        assert [await tokens.remove_mailed(NOW, 2) for _ in range(2)] == [1, 0]
        async with catalog.open() as unit:
            assert [await unit.mailed_tokens.find(one.fingerprint) for one in (*ended, *kept)] == [None] * 3 + kept
