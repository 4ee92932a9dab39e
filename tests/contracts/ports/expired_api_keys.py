"""What is done with API keys that have ended. The fixtures: `expired`, and a `catalog` that no other test uses."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.catalog import Catalog
from application.ports.expired_api_keys import ExpiredApiKeys
from domain.users.credential import ApiKey, ApiKeyNotFound
from tests.contracts.ports.catalog.access import read_key
from tests.support.builders import NOW, new_api_key
from tests.support.storing import store_user


async def store_key(catalog: Catalog, ends_in: timedelta | None) -> ApiKey:
    """Return a key that is stored and ends then (None: never)."""
    key = new_api_key((await store_user(catalog)).id)
    key = replace(key, expires_at=None if ends_in is None else NOW + ends_in, scopes=("read", "chat"))
    async with catalog.open() as unit:
        unit.api_keys.add(key)
        await unit.commit()
    return key


class ExpiredApiKeysSuite:
    async def test_those_that_ended_before_are_removed_the_oldest_first_and_no_others(
        self, catalog: Catalog, expired: ExpiredApiKeys
    ) -> None:
        ended = [await store_key(catalog, timedelta(days=-days)) for days in (1, 3, 2)]
        kept = [await store_key(catalog, ends) for ends in (timedelta(0), timedelta(days=1), None)]
        assert await expired.remove(NOW, 2) == 2
        assert await read_key(catalog, ended[0].id) == ended[0]
        assert [await expired.remove(NOW, 2) for _ in range(2)] == [1, 0]
        for key in ended:
            with pytest.raises(ApiKeyNotFound):
                await read_key(catalog, key.id)
        assert [await read_key(catalog, key.id) for key in kept] == kept
