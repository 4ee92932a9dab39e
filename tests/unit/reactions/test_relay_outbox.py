import logging
from datetime import timedelta

import pytest

from domain.shared.errors import Unavailable
from tests.unit.reactions.relaying import ListOutbox, Reacting, relay_of, waiting

DAY = timedelta(hours=24)


async def test_handled_events_are_forgotten_and_counted() -> None:
    first, second = waiting(1), waiting(2)
    outbox, one, other = ListOutbox(first, second), Reacting(), Reacting()
    relay = relay_of(outbox, one, other)
    assert [await relay.execute(), await relay.execute()] == [2, 0]
    assert one.events == other.events == [first.event, second.event]
    assert (outbox.due, outbox.later) == ([], {})


async def test_all_events_have_their_reactions_together() -> None:
    outbox, reaction = ListOutbox(*map(waiting, range(1, 51))), Reacting()
    assert await relay_of(outbox, reaction).execute() == 50
    assert reaction.executions == 1


@pytest.mark.parametrize("error", [Unavailable("away"), TypeError("a defect")])
async def test_an_event_that_fails_waits_and_those_behind_it_are_handled(error: Exception) -> None:
    bad, good = waiting(1), waiting(2)
    outbox, reaction = ListOutbox(bad, good), Reacting(bad, error=error)
    assert await relay_of(outbox, reaction).execute() == 1
    assert reaction.events == [good.event]
    assert (outbox.due, outbox.later) == ([bad], {bad.id: 2.0})


async def test_a_failure_waits_ever_longer_but_at_most_a_minute() -> None:
    envelopes = [waiting(attempts, attempts) for attempts in (0, 1, 2, 5, 6, 100_000)]
    outbox = ListOutbox(*envelopes)
    assert await relay_of(outbox, Reacting(*envelopes)).execute() == 0
    assert list(outbox.later.values()) == [1.0, 2.0, 4.0, 32.0, 60.0, 60.0]


async def test_an_event_that_keeps_failing_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    early, late = waiting(1, 1), waiting(2, 8)
    await relay_of(ListOutbox(early, late), Reacting(early, late)).execute()
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]


async def test_an_event_is_handled_again_when_one_of_its_reactions_failed() -> None:
    event = waiting(1)
    outbox, sure, failing = ListOutbox(event), Reacting(), Reacting(event)
    relay = relay_of(outbox, sure, failing)
    await relay.execute()
    outbox.later.clear()
    failing.refused.clear()
    assert await relay.execute() == 1
    assert (sure.events, failing.events, outbox.due) == ([event.event] * 2, [event.event], [])


async def test_unreachable_outboxes_are_told() -> None:
    outbox = ListOutbox()
    outbox.away = True
    with pytest.raises(Unavailable):
        await relay_of(outbox).execute()


@pytest.mark.parametrize(("attempts", "age", "dies"), [
    (8, DAY, True), (1_500, 2 * DAY, True), (7, DAY, False), (8, DAY - timedelta(seconds=1), False), (1_500, timedelta(), False),
])
async def test_an_event_dies_that_failed_for_a_day_and_in_many_attempts(attempts: int, age: timedelta, dies: bool) -> None:
    event = waiting(1, attempts, age=age)
    outbox = ListOutbox(event)
    await relay_of(outbox, Reacting(event)).execute()
    assert (outbox.dead == {event.id: "Unavailable: away"}, event.id in outbox.later) == (dies, not dies)


async def test_what_a_library_says_is_not_told_as_the_reason_of_a_death(caplog: pytest.LogCaptureFixture) -> None:
    event = waiting(1, 8, age=DAY)
    outbox = ListOutbox(event)
    await relay_of(outbox, Reacting(event, error=RuntimeError("password=hunter2"))).execute()
    assert outbox.dead == {event.id: "RuntimeError"}
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "onelast db outbox" in caplog.text
    assert "hunter2" not in caplog.text
