import pytest

from tests.unit.caching.stored import Database, HandClock, Node, SharedCache


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cache(clock: HandClock) -> SharedCache:
    return SharedCache(clock)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def node(cache: SharedCache, database: Database, clock: HandClock) -> Node:
    return Node(cache, database, clock)


@pytest.fixture
def other(cache: SharedCache, database: Database, clock: HandClock) -> Node:
    return Node(cache, database, clock)
