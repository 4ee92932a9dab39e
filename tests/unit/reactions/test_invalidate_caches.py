import pytest

from application.ports.cache import Hit
from application.reactions.invalidate import InvalidateCaches
from application.reactions.keys import keys_of
from application.reactions.reaction import CommittedEvents
from domain.runs.run import RunFinished, RunStatus
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId, SessionId, UserId
from tests.contracts.ports.cache import fill
from tests.unit.caching.stored import CHANGED, REVOKED, HandClock, SharedCache

UNCACHED = RunFinished(RunId("run_1"), SessionId("session_1"), UserId("user_1"), RunStatus.COMPLETED)


@pytest.fixture
def cache() -> SharedCache:
    return SharedCache(HandClock())


async def test_what_the_events_put_out_of_date_is_forgotten_and_the_rest_stays(cache: SharedCache) -> None:
    stale = keys_of([CHANGED, REVOKED])
    for key in (*stale, "1:agent:another"):
        await fill(cache, key, b"x")
    await InvalidateCaches(cache).execute(CommittedEvents((CHANGED, REVOKED)))
    assert [key for key in (*stale, "1:agent:another") if await cache.read(key) == Hit(b"x")] == ["1:agent:another"]


async def test_an_unreachable_cache_is_told(cache: SharedCache) -> None:
    cache.away = True
    with pytest.raises(Unavailable):
        await InvalidateCaches(cache).execute(CommittedEvents((CHANGED,)))


async def test_events_about_what_is_never_cached_need_no_cache(cache: SharedCache) -> None:
    cache.away = True
    await InvalidateCaches(cache).execute(CommittedEvents((UNCACHED,)))
