from adapters.caching.local_reads import LocalReads
from tests.unit.caching.stored import AGENT, Database, HandClock


async def test_what_is_absent_takes_no_room() -> None:
    local, database = LocalReads(most=1, monotonic=HandClock()), Database()
    for key in ("guide", "nobody", "nobody", "guide"):
        await local.read(key, lambda key=key: database.read(key))
    assert database.reads == 3


async def test_forgetting_one_thing_leaves_the_others_alone() -> None:
    local, database = LocalReads(monotonic=HandClock()), Database()
    for key in ("guide", AGENT.id):
        await local.read(key, lambda key=key: database.read(key))
    local.forget(["guide"])
    for key in ("guide", AGENT.id):
        await local.read(key, lambda key=key: database.read(key))
    assert database.reads == 3
