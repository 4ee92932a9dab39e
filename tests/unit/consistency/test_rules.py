"""The rules of consistency agree with those by which sessions and runs change."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.consistency.facts import MANY_ATTEMPTS, OVERDUE_SECONDS, EventFacts, Facts
from domain.consistency.faults import Code
from domain.consistency.sharing import ShareFacts
from domain.consistency.whereabouts import Lodging, Whereabouts, bucket_in
from domain.runs.run import RunStatus
from domain.shared.identifiers import BUCKETS, UserId, make_identifier
from tests.unit.consistency.life import EVERYTHING_HERE, Life

ENDS = (RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.FAILED)
STEPS: tuple[Callable[[Life], None], ...] = (
    Life.say, Life.give_up_waiting, *((lambda life, how=how: life.end(how)) for how in ENDS),
)
buckets = st.integers(0, BUCKETS - 1)
shards = st.integers(0, 4)


def found(*facts: Facts, where: Whereabouts = EVERYTHING_HERE) -> set[Code]:
    return {fault.code for one in facts for fault in one.faults(where)}


@given(st.lists(st.sampled_from(STEPS), max_size=30))
def test_nothing_that_the_domain_does_is_a_fault(steps: list[Callable[[Life], None]]) -> None:
    life = Life()
    assert found(*life.facts()) == set()
    for step in steps:
        step(life)
        assert found(*life.facts()) == set()


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=20), st.data())
def test_a_message_that_is_lost_is_always_noticed(steps: list[Callable[[Life], None]], data: st.DataObject) -> None:
    life = Life()
    life.say()
    for step in steps:
        step(life)
    life.messages.remove(data.draw(st.sampled_from(life.messages)))
    assert found(*life.facts()) & {Code.SEQ_GAP, Code.HEAD_SEQ}


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=20), st.data())
def test_a_run_that_is_lost_is_always_noticed(steps: list[Callable[[Life], None]], data: st.DataObject) -> None:
    life = Life()
    life.say()
    for step in steps:
        step(life)
    life.runs.remove(data.draw(st.sampled_from(life.runs)))
    assert Code.MESSAGE_WITHOUT_RUN in found(*life.facts())


@given(st.integers(0, 2**48 - 1), buckets, st.integers(0, 2**62 - 1))
def test_the_bucket_of_an_identifier_is_read_from_it(millis: int, bucket: int, entropy: int) -> None:
    assert bucket_in(make_identifier("session", millis=millis, bucket=bucket, entropy=entropy)) == bucket


@given(st.text())
def test_any_other_text_has_no_bucket(text: str) -> None:
    assert bucket_in(text) is None
    assert bucket_in(f"session_{text}"[:32]) is None


maps = st.lists(shards, min_size=1, max_size=9).map(lambda few: tuple((few * BUCKETS)[:BUCKETS]))


@given(maps, buckets, shards, st.sets(shards))
def test_a_row_is_at_home_on_one_shard_and_elsewhere_only_in_a_move(
    holders: tuple[int, ...], bucket: int, shard: int, moving: set[int]
) -> None:
    owner = UserId(make_identifier("user", millis=1, bucket=bucket, entropy=1))
    where, lodging = Whereabouts(3, holders, 5, {}, {bucket: moving}), Lodging(owner, bucket, owner, shard)
    assert lodging.at_home(where) == (holders[bucket] == shard)
    misplaced = holders[bucket] != shard and shard not in moving
    assert [fault.code for fault in lodging.faults(where, {})] == [Code.WRONG_SHARD] * misplaced


@given(buckets, shards, shards)
def test_a_pin_goes_before_the_bucket(bucket: int, pinned: int, shard: int) -> None:
    owner, neighbour = [UserId(make_identifier("user", millis=1, bucket=bucket, entropy=number)) for number in (1, 2)]
    where = Whereabouts(1, (0,) * BUCKETS, 5, {owner: pinned})
    assert Lodging(owner, bucket, owner, shard).at_home(where) == (shard == pinned)
    assert Lodging(neighbour, bucket, neighbour, shard).at_home(where) == (shard == 0)
    assert Lodging(owner, bucket, None, shard).at_home(where) == (shard in {0, pinned})


@pytest.mark.parametrize(
    ("due_for", "attempts", "codes"),
    [
        (OVERDUE_SECONDS, MANY_ATTEMPTS - 1, set()), (OVERDUE_SECONDS + 1, 0, {Code.EVENT_OVERDUE}),
        (-60, MANY_ATTEMPTS, {Code.EVENT_FAILING}), (OVERDUE_SECONDS + 1, MANY_ATTEMPTS, {Code.EVENT_FAILING}),
    ],
)
def test_an_event_is_stuck_when_it_waits_long_or_fails_often(due_for: float, attempts: int, codes: set[Code]) -> None:
    assert found(EventFacts("event_x", "UserErased", due_for, attempts)) == codes


@given(buckets, buckets, buckets)
def test_identifier_column_and_owner_must_have_one_bucket(carried: int, column: int, of_owner: int) -> None:
    session, owner = [make_identifier("session", millis=1, bucket=bucket, entropy=1) for bucket in (carried, of_owner)]
    codes = [fault.code for fault in Lodging(session, column, owner, 0).faults(EVERYTHING_HERE, {})]
    assert codes == ([] if carried == column == of_owner else [Code.WRONG_BUCKET])


def test_what_hangs_on_a_session_that_is_gone_is_told_once() -> None:
    life = Life()
    life.say()
    message, run = life.message_facts(life.messages[0]), life.run_facts(life.runs[0])
    orphan = replace(message, lodging=replace(message.lodging, owner_id=None), has_run=False, previous_seq=7)
    assert found(orphan) == {Code.MESSAGE_ORPHANED}
    assert found(replace(run, session_owner_id=None, session_active=None, has_message=False)) == {Code.RUN_ORPHANED}


def test_a_share_must_have_a_session_of_its_owner() -> None:
    owner, stranger = [make_identifier("user", millis=1, bucket=7, entropy=number) for number in (1, 2)]
    share = make_identifier("share", millis=1, bucket=7, entropy=3)
    facts = ShareFacts(Lodging(share, 7, owner, 0), "session_x", owner)
    assert found(facts) == set()
    assert found(replace(facts, session_owner_id=None)) == {Code.SHARE_ORPHANED}
    assert found(replace(facts, session_owner_id=stranger)) == {Code.OWNER_DIFFERS}


def test_a_run_waits_while_no_node_serves_and_is_unmade_while_one_does() -> None:
    life = Life()
    life.say()
    left = replace(life.run_facts(life.runs[0]), kept=False)
    assert found(left) == {Code.RUN_UNMADE}
    assert found(replace(left, any_node=False)) == {Code.RUN_WAITS}
    assert found(replace(left, any_node=False, node=None)) == {Code.RUN_UNMADE}
