"""The edge is told by the outbox's relay: together, last, again, and not for ever."""

from collections.abc import Sequence

import pytest

from adapters.memory.edge import MemoryEdge
from application.ports.edge import EdgeBusy
from application.reactions.edge_keys import edge_keys_of
from domain.shared.errors import Unavailable
from tests.unit.reactions.relaying import ListOutbox, Reacting, public, relay_of, waiting


class LimpingEdge(MemoryEdge):
    """Counts its calls, and raises the same error at each of them."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error, self.calls = error, 0

    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        self.calls += 1
        raise self.error


async def test_one_purge_covers_all_events_that_were_claimed() -> None:
    edge, outbox = MemoryEdge(), ListOutbox(*(public(number) for number in range(50)), waiting(99))
    assert await relay_of(outbox, edge=edge).execute() == 51
    assert [keys for keys, _ in edge.purges] == [("agents", *(f"agent:agent_{number}" for number in range(50)))]
    assert outbox.due == []


async def test_events_that_nobody_sees_at_an_edge_purge_nothing() -> None:
    edge = LimpingEdge(Unavailable("away"))
    outbox = ListOutbox(waiting(1))
    assert await relay_of(outbox, edge=edge).execute() == 1
    assert (edge.calls, outbox.due) == (0, [])


async def test_the_edge_is_told_after_the_caches_and_not_of_what_they_have_not_taken() -> None:
    edge, bad, good = MemoryEdge(), public(1), public(2)
    outbox, cache = ListOutbox(bad, good), Reacting(bad)
    await relay_of(outbox, cache, edge=edge).execute()
    assert [keys for keys, _ in edge.purges] == [("agents", "agent:agent_2")]
    assert list(outbox.later) == [bad.id]


async def test_an_edge_that_is_away_keeps_no_cache_from_forgetting_and_is_asked_once_for_all() -> None:
    edge, events = LimpingEdge(Unavailable("away")), [public(number) for number in range(8)]
    outbox, cache = ListOutbox(*events, waiting(9)), Reacting()
    assert await relay_of(outbox, cache, edge=edge).execute() == 1
    assert len(cache.events) == 9
    assert (edge.calls, set(outbox.later.values()), outbox.due) == (1, {2.0}, events)


@pytest.mark.parametrize(("after", "delay"), [(7.0, 7.0), (90.0, 90.0), (0.0, 0.5), (1e9, 3600.0)])
async def test_an_edge_that_says_when_it_has_time_is_asked_then(after: float, delay: float) -> None:
    event = public(1, attempts=5)
    outbox = ListOutbox(event)
    await relay_of(outbox, edge=LimpingEdge(EdgeBusy("busy", after))).execute()
    assert outbox.later == {event.id: delay}


async def test_a_purge_that_is_refused_dies_at_once_and_the_others_of_its_batch_are_made() -> None:
    edge, bad = MemoryEdge(), public(4, name="too long" * 1_000)
    outbox = ListOutbox(*(public(number) for number in range(4)), bad, public(5))
    assert await relay_of(outbox, edge=edge).execute() == 5
    assert list(outbox.dead) == [bad.id]
    assert outbox.dead[bad.id].startswith("PurgeRefused: ")
    agents = {f"agent:agent_{number}" for number in (0, 1, 2, 3, 5)}
    assert {key for keys, _ in edge.purges for key in keys} == {"agents"} | agents


async def test_a_defect_that_concerns_one_event_keeps_no_other_from_its_purge() -> None:
    class Picky(MemoryEdge):
        async def purge(self, keys: Sequence[str], purge_id: str) -> None:
            if "agent:agent_2" in keys:
                raise TypeError("a defect")
            await super().purge(keys, purge_id)

    events = [public(number) for number in range(5)]
    outbox = ListOutbox(*events)
    assert await relay_of(outbox, edge=Picky()).execute() == 4
    assert (list(outbox.later), outbox.dead) == ([events[2].id], {})


async def test_a_failed_purge_is_repeated_under_its_name_and_another_set_of_events_has_another() -> None:
    edge, events = MemoryEdge(), [public(number, attempts=2) for number in range(3)]
    for chosen in (events, events[::-1], [public(number, attempts=7) for number in range(3)], events[:2]):
        await relay_of(ListOutbox(*chosen), edge=edge).execute()
    first, second, third, fourth = (name for _, name in edge.purges)
    assert first == second == third != fourth


async def test_what_was_purged_is_purged_once_more_under_another_name_and_is_then_done() -> None:
    edge, event = MemoryEdge(), public(1)
    outbox = ListOutbox(event)
    assert await relay_of(outbox, edge=edge, settle=2.0).execute() == 1
    assert (outbox.due, outbox.later) == ([event], {event.id: 2.0})
    edge.store("/v1/agents", ["agents"])  # by an answer that was under way
    again = public(1, attempts=2)
    outbox = ListOutbox(again)
    await relay_of(outbox, edge=edge, settle=2.0).execute()
    assert (outbox.due, outbox.later) == ([], {})
    assert not edge.serves("/v1/agents")
    assert len({name for _, name in edge.purges}) == 2


async def test_events_without_an_edge_are_done_at_once_also_when_an_edge_would_be_told_twice() -> None:
    outbox = ListOutbox(waiting(1))
    await relay_of(outbox, settle=2.0).execute()
    assert (outbox.due, outbox.later) == ([], {})


def test_a_public_agent_is_known_to_the_edge_by_itself_and_in_the_catalogue_and_a_private_one_not_at_all() -> None:
    event = public(1).event
    assert edge_keys_of([event, event]) == ("agents", "agent:agent_1")
    assert edge_keys_of([waiting(2).event]) == ()
