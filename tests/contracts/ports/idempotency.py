"""Answers kept by key, in the catalog and on a shard alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import json

from application.agents.views import AgentView
from application.idempotency import Done
from application.ports.catalog import Catalog
from application.ports.idempotency import AnswerGone, ExpiredKeys, IdempotencyRepository
from application.ports.shards import Shards
from application.runs.send_message import Begun
from application.runs.views import RunView
from application.sessions.views import SessionView
from application.users.issue_api_key import IssuedApiKey
from application.users.refresh_tokens import Rotated
from application.users.views import UserView
from domain.agents.agent import AgentNotFound, SlugTaken
from domain.runs.run import RunError, RunStatus, Usage
from domain.sessions.session import SessionNotFound
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import UserId
from domain.users.user import UserNotFound
from tests.contracts.ports.catalog.access import read_agent
from tests.contracts.ports.shards.access import read_session, remove_all
from tests.support.builders import LATER, credential_of, new_agent, new_api_key, new_session, new_user, new_user_id, said
from tests.support.racing import one_wins, race
from tests.support.storing import remove_user, store_agent, store_session, store_user

Age = Callable[[UserId, timedelta], Awaitable[None]]
FIRST, SECOND = b"\x01" * 32, b"\x02" * 32
A_DAY, A_MINUTE = timedelta(hours=24), timedelta(minutes=1)


@dataclass(frozen=True)
class Told:
    """An answer."""

    number: int


@dataclass(frozen=True)
class Keeper:
    """The catalog or the shards, and an owner there."""

    open: Callable[[], Any]
    owner: UserId

    async def store(self, key: str, request: bytes, answer: object) -> None:
        async with self.open() as unit:
            unit.keys.add(self.owner, key, request, answer)
            await unit.commit()

    async def find(self, key: str, kind: type[Any] = Told) -> tuple[bytes, Any] | None:
        async with self.open() as unit:
            return await found(unit.keys, self.owner, key, kind)


async def found(keys: IdempotencyRepository, owner_id: UserId, key: str, kind: type[Any]) -> tuple[bytes, Any] | None:
    """Return the request and the answer, or None."""
    known = await keys.find(owner_id, key)
    return None if known is None else (known.request, known.answer(kind))


def answers() -> list[object]:
    """Return an answer of each kind that is remembered."""
    owner = new_user_id()
    session = new_session(owner)
    session.annotate({"zebra": "ü\n", "ant": "", "b": "\u2028"}, now=LATER)
    _, run = said(session)
    view = RunView.of(run)
    error = RunError("model_unavailable", "No.")
    failed = replace(view, status=RunStatus.FAILED, error=error, usage=Usage(3, 4), finished_at=LATER, last_seq=7)
    return [
        Done(), SessionView.of(session), AgentView.of(new_agent(owner)), UserView.of(new_user()), Begun(view), failed,
        IssuedApiKey(new_api_key(owner), "salt_x"), Rotated("salt_y"),
    ]


async def keep_in(place: str, catalog: Catalog, shards: Shards) -> Keeper:
    """Return the keeper of a new owner's keys."""
    if place == "catalog":
        return Keeper(catalog.open, (await store_user(catalog)).id)
    owner = new_user_id()
    return Keeper(lambda: shards.open(owner), owner)


class KeysSuite:
    """The fixtures `catalog` and `shards` give the stores; `age` makes an owner's answers older than they are."""

    @pytest.fixture(params=["catalog", "shard"])
    async def keeper(self, request: pytest.FixtureRequest, catalog: Catalog, shards: Shards) -> Keeper:
        return await keep_in(request.param, catalog, shards)

    async def test_a_key_that_nobody_used_is_missing(self, keeper: Keeper) -> None:
        assert await keeper.find("k") is None

    @pytest.mark.parametrize("answer", answers(), ids=lambda answer: type(answer).__name__)
    async def test_every_kind_of_answer_is_told_again_to_the_letter(self, keeper: Keeper, answer: object) -> None:
        await keeper.store("k", FIRST, answer)
        known = await keeper.find("k", type(answer))
        assert known == (FIRST, answer)
        assert known is not None
        assert json.encode(known[1]) == json.encode(answer)

    async def test_keys_differ_by_every_letter_and_by_their_case(self, keeper: Keeper) -> None:
        names = ["k", "K", "k2", "x" * 255, "ключ", "%' OR 1=1", "k\u00a0"]
        for number, name in enumerate(names):
            await keeper.store(name, FIRST, Told(number))
        assert [await keeper.find(name) for name in names] == [(FIRST, Told(number)) for number in range(len(names))]

    async def test_an_answer_of_another_kind_is_gone(self, keeper: Keeper) -> None:
        await keeper.store("k", FIRST, Told(1))
        with pytest.raises(AnswerGone):
            await keeper.find("k", Rotated)

    async def test_leaving_without_commit_remembers_nothing(self, keeper: Keeper) -> None:
        async with keeper.open() as unit:
            unit.keys.add(keeper.owner, "k", FIRST, Told(1))
            assert await found(unit.keys, keeper.owner, "k", Told) is None
        assert await keeper.find("k") is None

    async def test_what_is_told_can_be_changed_without_changing_what_is_kept(self, keeper: Keeper) -> None:
        notes = {"colour": "blue"}
        answer = replace(SessionView.of(new_session(keeper.owner)), metadata=notes)
        await keeper.store("k", FIRST, answer)
        notes["colour"] = "red"
        first = await keeper.find("k", SessionView)
        assert first is not None
        first[1].metadata["colour"] = "green"
        known = await keeper.find("k", SessionView)
        assert known is not None
        assert known[1].metadata == {"colour": "blue"}

    async def test_a_key_is_taken_once(self, keeper: Keeper) -> None:
        await keeper.store("k", FIRST, Told(1))
        for request in (FIRST, SECOND):
            with pytest.raises(StaleWrite):
                await keeper.store("k", request, Told(2))
        assert await keeper.find("k") == (FIRST, Told(1))

    async def test_of_twenty_who_take_one_key_one_wins(self, keeper: Keeper) -> None:
        async def take(barrier: asyncio.Barrier) -> None:
            async with keeper.open() as unit:
                unit.keys.add(keeper.owner, "k", FIRST, Told(1))
                await barrier.wait()
                await unit.commit()

        assert await race(take) == one_wins(StaleWrite)

    async def test_a_minute_before_its_day_has_passed_a_key_is_known(self, keeper: Keeper, age: Age) -> None:
        await keeper.store("k", FIRST, Told(1))
        await age(keeper.owner, A_DAY - A_MINUTE)
        assert await keeper.find("k") == (FIRST, Told(1))
        with pytest.raises(StaleWrite):
            await keeper.store("k", SECOND, Told(2))

    async def test_after_a_day_a_key_is_free_again_for_a_day(self, keeper: Keeper, age: Age) -> None:
        await keeper.store("k", FIRST, Told(1))
        await age(keeper.owner, A_DAY + A_MINUTE)
        assert await keeper.find("k") is None
        await keeper.store("k", SECOND, Told(2))
        await age(keeper.owner, A_DAY - A_MINUTE)
        assert await keeper.find("k") == (SECOND, Told(2))

    async def test_of_twenty_who_take_a_key_that_is_free_again_one_wins(self, keeper: Keeper, age: Age) -> None:
        await keeper.store("k", FIRST, Told(1))
        await age(keeper.owner, A_DAY + A_MINUTE)

        async def take(barrier: asyncio.Barrier) -> None:
            assert await keeper.find("k") is None
            await barrier.wait()
            await keeper.store("k", SECOND, Told(2))

        assert await race(take) == one_wins(StaleWrite)
        assert await keeper.find("k") == (SECOND, Told(2))

    async def test_old_keys_are_removed_in_batches_and_young_ones_stay(
        self, keeper: Keeper, age: Age, expired: ExpiredKeys
    ) -> None:
        for number in range(5):
            await keeper.store(f"old-{number}", FIRST, Told(number))
        await age(keeper.owner, A_DAY + A_MINUTE)
        await keeper.store("young", FIRST, Told(1))
        assert [await expired.remove(2) for _ in range(4)] == [2, 2, 1, 0]
        assert await keeper.find("young") == (FIRST, Told(1))

    async def test_removers_at_the_same_moment_remove_each_key_once(self, keeper: Keeper, age: Age, expired: ExpiredKeys) -> None:
        for number in range(12):
            await keeper.store(f"old-{number}", FIRST, Told(number))
        await age(keeper.owner, A_DAY + A_MINUTE)
        removed = await asyncio.gather(*(expired.remove(4) for _ in range(3)))
        assert max(removed) == 4
        assert sum(removed) + await expired.remove(100) == 12
        assert await expired.remove(100) == 0


@asynccontextmanager
async def unit_with_key(catalog: Catalog, owner: UserId) -> AsyncIterator[Any]:
    async with catalog.open() as unit:
        unit.keys.add(owner, "k", FIRST, Told(1))
        yield unit


class KeysWithEffectsSuite:
    """A key is stored with the effect of its request, or neither is."""

    async def test_the_effect_of_a_second_request_with_the_key_is_not_stored(self, shards: Shards) -> None:
        owner = new_user_id()
        first, second = new_session(owner), new_session(owner)
        for session, outcome in ((first, None), (second, StaleWrite)):
            async with shards.open(owner) as unit:
                unit.sessions.add(session)
                unit.keys.add(owner, "k", FIRST, Told(1))
                if outcome is None:
                    await unit.commit()
                else:
                    with pytest.raises(outcome):
                        await unit.commit()
        assert await read_session(shards, owner, first.id) == first
        with pytest.raises(SessionNotFound):
            await read_session(shards, owner, second.id)

    async def test_the_key_of_an_effect_that_is_refused_stays_free(self, shards: Shards) -> None:
        session = await store_session(shards)
        stale = replace(session, version=7)
        async with shards.open(session.owner_id) as unit:
            unit.sessions.save(stale)
            unit.keys.add(session.owner_id, "k", FIRST, Told(1))
            with pytest.raises(StaleWrite):
                await unit.commit()
        async with shards.open(session.owner_id) as unit:
            assert await unit.keys.find(session.owner_id, "k") is None

    async def test_of_twenty_who_make_one_thing_with_one_key_all_that_lose_are_told_of_the_key(self, catalog: Catalog) -> None:
        owner = (await store_user(catalog)).id
        profile = new_agent().profile
        agents = [replace(new_agent(owner), profile=profile) for _ in range(20)]
        left = iter(agents)

        async def make(barrier: asyncio.Barrier) -> None:
            async with catalog.open() as unit:
                unit.agents.add(next(left))
                unit.keys.add(owner, "k", FIRST, Told(1))
                await barrier.wait()
                await unit.commit()

        assert await race(make) == one_wins(StaleWrite)
        with pytest.raises(SlugTaken):
            await store_agent(catalog, replace(new_agent(owner), profile=profile))
        assert sum([await is_there(catalog, agent.id) for agent in agents]) == 1

    async def test_a_key_is_stored_together_with_its_new_owner(self, catalog: Catalog) -> None:
        user = new_user()
        async with unit_with_key(catalog, user.id) as unit:
            unit.users.add(user, credential_of(user))
            await unit.commit()
        assert await Keeper(catalog.open, user.id).find("k") == (FIRST, Told(1))

    async def test_a_user_who_is_missing_has_no_keys(self, catalog: Catalog) -> None:
        async with unit_with_key(catalog, new_user_id()) as unit:
            with pytest.raises(UserNotFound):
                await unit.commit()

    @pytest.mark.parametrize("place", ["catalog", "shard"])
    async def test_keys_go_with_all_else_that_their_owner_has(self, catalog: Catalog, shards: Shards, place: str) -> None:
        keeper, other = [await keep_in(place, catalog, shards) for _ in range(2)]
        for one in (keeper, other):
            await one.store("k", FIRST, Told(1))
        if place == "catalog":
            async with catalog.open() as unit:
                user = await unit.users.get(keeper.owner)
            await remove_user(catalog, user)
        else:
            await remove_all(shards, keeper.owner)
        assert await keeper.find("k") is None
        assert await other.find("k") == (FIRST, Told(1))

    async def test_each_owner_and_each_store_has_keys_of_its_own(self, catalog: Catalog, shards: Shards) -> None:
        keepers = [await keep_in(place, catalog, shards) for place in ("catalog", "catalog", "shard", "shard")]
        keepers.append(Keeper(lambda: shards.open(keepers[0].owner), keepers[0].owner))
        for number, keeper in enumerate(keepers):
            await keeper.store("k", FIRST, Told(number))
        assert [await keeper.find("k") for keeper in keepers] == [(FIRST, Told(number)) for number in range(5)]


async def is_there(catalog: Catalog, agent_id: Any) -> bool:
    """Return whether the agent is stored."""
    try:
        await read_agent(catalog, agent_id)
    except AgentNotFound:
        return False
    return True
