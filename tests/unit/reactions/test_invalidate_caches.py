import pytest

from application.reactions.invalidate import InvalidateCaches
from application.reactions.keys import keys_of
from application.reactions.reaction import CommittedEvents
from domain.sessions.session import SessionChanged
from domain.shared.errors import Unavailable
from domain.shared.identifiers import SessionId, UserId
from tests.unit.caching.stored import CHANGED, REVOKED, DictCache


async def test_what_the_events_put_out_of_date_is_forgotten_and_the_rest_stays() -> None:
    cache = DictCache()
    cache.values = dict.fromkeys([*keys_of([CHANGED, REVOKED]), "1:agent:another"], b"x")
    await InvalidateCaches(cache).execute(CommittedEvents((CHANGED, REVOKED)))
    assert list(cache.values) == ["1:agent:another"]


async def test_an_unreachable_cache_is_told() -> None:
    cache = DictCache()
    cache.away = True
    with pytest.raises(Unavailable):
        await InvalidateCaches(cache).execute(CommittedEvents((CHANGED,)))


async def test_events_about_what_is_never_cached_need_no_cache() -> None:
    cache = DictCache()
    cache.away = True
    await InvalidateCaches(cache).execute(CommittedEvents((SessionChanged(SessionId("session_1"), UserId("user_1")),)))
