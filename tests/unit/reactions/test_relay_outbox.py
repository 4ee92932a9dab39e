import logging
from collections.abc import Sequence

import pytest

from application.ports.outbox import Envelope, Outbox
from application.reactions.reaction import CommittedEvents
from application.reactions.relay import RelayOutbox
from domain.shared.errors import Unavailable
from domain.shared.events import DomainEvent
from domain.shared.identifiers import EventId, UserId
from domain.users.user import UserErased


def waiting(number: int, attempts: int = 0) -> Envelope:
    return Envelope(EventId(f"event_{number}"), "catalog", UserErased(UserId(f"user_{number}")), attempts)


class ListOutbox(Outbox):
    """Due envelopes in a list, and those put off with their delays."""

    def __init__(self, *due: Envelope) -> None:
        self.due, self.later = list(due), dict[EventId, float]()
        self.away = False

    async def claim(self, limit: int) -> Sequence[Envelope]:
        if self.away:
            raise Unavailable("away")
        return [envelope for envelope in self.due if envelope.id not in self.later][:limit]

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        self.due = [envelope for envelope in self.due if envelope not in envelopes]

    async def retry_later(self, envelopes: Sequence[Envelope], delay: float) -> None:
        self.later |= {envelope.id: delay for envelope in envelopes}


class Reacting:
    """Notes the events, and refuses some."""

    def __init__(self, *refused: Envelope, error: Exception | None = None) -> None:
        self.refused, self.error = [envelope.event for envelope in refused], error or Unavailable("away")
        self.events: list[DomainEvent] = []

    async def execute(self, command: CommittedEvents) -> None:
        for event in command.events:
            if event in self.refused:
                raise self.error
            self.events.append(event)


async def test_handled_events_are_forgotten_and_counted() -> None:
    first, second = waiting(1), waiting(2)
    outbox, one, other = ListOutbox(first, second), Reacting(), Reacting()
    relay = RelayOutbox(outbox, (one, other))
    assert [await relay.execute(), await relay.execute()] == [2, 0]
    assert one.events == other.events == [first.event, second.event]
    assert (outbox.due, outbox.later) == ([], {})


@pytest.mark.parametrize("error", [Unavailable("away"), TypeError("a defect")])
async def test_an_event_that_fails_waits_and_those_behind_it_are_handled(error: Exception) -> None:
    bad, good = waiting(1), waiting(2)
    outbox, reaction = ListOutbox(bad, good), Reacting(bad, error=error)
    assert await RelayOutbox(outbox, (reaction,)).execute() == 1
    assert reaction.events == [good.event]
    assert (outbox.due, outbox.later) == ([bad], {bad.id: 1.0})


async def test_a_failure_waits_ever_longer_but_at_most_a_minute() -> None:
    envelopes = [waiting(attempts, attempts) for attempts in (0, 1, 2, 5, 6, 100_000)]
    outbox = ListOutbox(*envelopes)
    assert await RelayOutbox(outbox, (Reacting(*envelopes),)).execute() == 0
    assert list(outbox.later.values()) == [1.0, 2.0, 4.0, 32.0, 60.0, 60.0]


async def test_an_event_that_keeps_failing_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    early, late = waiting(1, 1), waiting(2, 8)
    await RelayOutbox(ListOutbox(early, late), (Reacting(early, late),)).execute()
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]


async def test_an_event_is_handled_again_when_one_of_its_reactions_failed() -> None:
    event = waiting(1)
    outbox, sure, failing = ListOutbox(event), Reacting(), Reacting(event)
    relay = RelayOutbox(outbox, (sure, failing))
    await relay.execute()
    outbox.later.clear()
    failing.refused.clear()
    assert await relay.execute() == 1
    assert (sure.events, failing.events, outbox.due) == ([event.event] * 2, [event.event], [])


async def test_unreachable_outboxes_are_told() -> None:
    outbox = ListOutbox()
    outbox.away = True
    with pytest.raises(Unavailable):
        await RelayOutbox(outbox, ()).execute()
