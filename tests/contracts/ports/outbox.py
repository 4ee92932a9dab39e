"""What every outbox does.

The fixtures: `catalog` and `shards` to commit events with, `outbox` over both and empty, `pass_time`, which lets seconds go by.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from application.ports.catalog import Catalog
from application.ports.outbox import Envelope, Outbox
from application.ports.shards import Shards
from domain.agents.agent import AgentChanged
from domain.runs.run import RunFinished, RunStatus
from domain.sessions.session import SessionChanged, SessionsRemoved
from domain.shared.errors import StaleWrite
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, RunId, SessionId, UserId
from domain.users.credential import TokensRevoked
from domain.users.user import UserErased
from tests.support.builders import new_user_id
from tests.support.racing import WON, WORKERS, race
from tests.support.storing import remove_user, store_user

PassTime = Callable[[float], Awaitable[None]]
OWNER = new_user_id()
EVENTS: tuple[DomainEvent, ...] = (
    AgentChanged(AgentId("agent_1"), "guide", True),
    RunFinished(RunId("run_1"), SessionId("session_1"), OWNER, RunStatus.CANCELLED),
    SessionChanged(SessionId("session_1"), OWNER),
    SessionsRemoved(OWNER, (SessionId("session_1"), SessionId("session_2"))),
    TokensRevoked((b"\x00\xff" * 16, b"")),
    UserErased(OWNER),
)


def erased(number: int) -> UserErased:
    return UserErased(UserId(f"user_{number}"))


async def commit(catalog: Catalog, *events: DomainEvent) -> None:
    async with catalog.open() as unit:
        for event in events:
            unit.record(event)
        await unit.commit()


async def commit_to_shard(shards: Shards, *events: DomainEvent) -> None:
    async with shards.open(OWNER) as unit:
        for event in events:
            unit.record(event)
        await unit.commit()


def events_of(envelopes: Sequence[Envelope]) -> list[DomainEvent]:
    return [envelope.event for envelope in envelopes]


class DeliverySuite:
    async def test_an_empty_outbox_has_nothing_to_claim(self, outbox: Outbox) -> None:
        assert list(await outbox.claim(10)) == []

    @pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
    async def test_every_event_comes_back_as_it_was_from_both_kinds_of_store(
        self, catalog: Catalog, shards: Shards, outbox: Outbox, event: DomainEvent
    ) -> None:
        await commit(catalog, event)
        await commit_to_shard(shards, event)
        claimed = await outbox.claim(10)
        assert events_of(claimed) == [event, event]
        assert len({envelope.place for envelope in claimed}) == len({envelope.id for envelope in claimed}) == 2
        assert [envelope.attempts for envelope in claimed] == [1, 1]

    async def test_events_of_a_unit_that_was_left_or_failed_are_never_delivered(
        self, catalog: Catalog, outbox: Outbox
    ) -> None:
        user = await store_user(catalog)
        async with catalog.open() as unit:
            unit.record(erased(1))
        async with catalog.open() as unit:
            unit.record(erased(2))
            unit.users.remove(user)
            await remove_user(catalog, user)
            with pytest.raises(StaleWrite):
                await unit.commit()
        assert list(await outbox.claim(10)) == []

    async def test_an_event_is_not_delivered_before_its_commit(self, catalog: Catalog, outbox: Outbox) -> None:
        async with catalog.open() as unit:
            unit.record(erased(1))
            assert list(await outbox.claim(10)) == []
            await unit.commit()
            assert events_of(await outbox.claim(10)) == [erased(1)]
            await unit.commit()
            assert list(await outbox.claim(10)) == []

    async def test_the_oldest_are_claimed_first_up_to_the_limit_of_each_store(
        self, catalog: Catalog, shards: Shards, outbox: Outbox
    ) -> None:
        for number in range(5):
            await commit(catalog, erased(number))
            await commit_to_shard(shards, erased(number + 100))
        for numbers in ((0, 1, 100, 101), (2, 3, 102, 103), (4, 104), ()):
            assert events_of(await outbox.claim(2)) == [erased(number) for number in numbers]


class RepetitionSuite:
    async def test_a_claimed_event_is_hidden_and_comes_again_after_thirty_seconds(
        self, catalog: Catalog, outbox: Outbox, pass_time: PassTime
    ) -> None:
        await commit(catalog, erased(1))
        (first,) = await outbox.claim(10)
        await pass_time(25)
        assert list(await outbox.claim(10)) == []
        await pass_time(5)
        assert list(await outbox.claim(10)) == [Envelope(first.id, first.place, first.event, 2)]
        await pass_time(25)
        assert list(await outbox.claim(10)) == []

    async def test_what_is_done_never_comes_again(
        self, catalog: Catalog, shards: Shards, outbox: Outbox, pass_time: PassTime
    ) -> None:
        await commit(catalog, erased(1), erased(2))
        await commit_to_shard(shards, erased(3), erased(4))
        claimed = await outbox.claim(10)
        done, left = [claimed[0], claimed[2]], [claimed[1], claimed[3]]
        await outbox.done(done)
        await outbox.done(done)
        await outbox.retry_later(done, 0)
        await pass_time(30)
        assert events_of(await outbox.claim(10)) == events_of(left)

    async def test_what_is_put_off_comes_again_when_the_delay_is_over(
        self, catalog: Catalog, shards: Shards, outbox: Outbox, pass_time: PassTime
    ) -> None:
        await commit(catalog, erased(1))
        await commit_to_shard(shards, erased(2))
        claimed = await outbox.claim(10)
        await outbox.retry_later(claimed, 100)
        await outbox.retry_later([], 0)
        await pass_time(95)
        assert list(await outbox.claim(10)) == []
        await pass_time(5)
        again = await outbox.claim(10)
        assert events_of(again) == events_of(claimed)
        assert [envelope.attempts for envelope in again] == [2, 2]

    async def test_a_short_delay_ends_the_hiding_early(self, catalog: Catalog, outbox: Outbox, pass_time: PassTime) -> None:
        await commit(catalog, erased(1))
        for attempts in (1, 2, 3):
            (claimed,) = await outbox.claim(10)
            assert claimed.attempts == attempts
            await outbox.retry_later([claimed], 1.5)
            await pass_time(1.5)

    async def test_one_that_is_put_off_does_not_hold_up_those_behind_it(
        self, catalog: Catalog, outbox: Outbox, pass_time: PassTime
    ) -> None:
        await commit(catalog, erased(1))
        await outbox.retry_later(await outbox.claim(10), 50)
        await commit(catalog, erased(2))
        assert events_of(await outbox.claim(1)) == [erased(2)]
        await pass_time(50)
        assert sorted(map(repr, events_of(await outbox.claim(10)))) == [repr(erased(1)), repr(erased(2))]


class DeadLettersSuite:
    async def test_what_was_buried_never_comes_again_and_holds_up_nobody(
        self, catalog: Catalog, shards: Shards, outbox: Outbox, pass_time: PassTime
    ) -> None:
        await commit(catalog, erased(1), erased(2))
        await commit_to_shard(shards, erased(3), erased(4))
        claimed = await outbox.claim(10)
        dead, left = [claimed[0], claimed[2]], [claimed[1], claimed[3]]
        await outbox.bury(dead, "refused")
        await outbox.bury(dead, "refused twice")
        await outbox.bury([], "nothing")
        await outbox.retry_later(dead, 0)
        await pass_time(100_000)
        assert events_of(await outbox.claim(10)) == events_of(left)

    async def test_what_was_done_cannot_be_buried(self, catalog: Catalog, outbox: Outbox, pass_time: PassTime) -> None:
        await commit(catalog, erased(1))
        claimed = await outbox.claim(10)
        await outbox.done(claimed)
        await outbox.bury(claimed, "late")
        await pass_time(100)
        assert list(await outbox.claim(10)) == []


class ClaimersSuite:
    async def test_twenty_claimers_share_the_events_and_none_is_given_to_two(
        self, catalog: Catalog, shards: Shards, outbox: Outbox
    ) -> None:
        events = [erased(number) for number in range(60)]
        await commit(catalog, *events[:30])
        await commit_to_shard(shards, *events[30:])
        claimed: list[DomainEvent] = []

        async def claim(barrier: asyncio.Barrier) -> None:
            await barrier.wait()
            while found := await outbox.claim(2):
                claimed.extend(events_of(found))

        assert await race(claim) == {WON: WORKERS}
        claimed.extend(events_of(await outbox.claim(100)))
        assert sorted(map(repr, claimed)) == sorted(map(repr, events))


class OutboxSuite(DeliverySuite, RepetitionSuite, DeadLettersSuite, ClaimersSuite):
    """All of it."""
