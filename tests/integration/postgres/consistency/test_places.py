"""What is on which shard."""

from collections import Counter

import pytest
from msgspec.structs import replace

from application.ports.consistency import Kind
from domain.consistency.faults import Code
from domain.shared.identifiers import bucket_of
from entrypoints.ioc.consistency import CheckImpossible
from tests.integration.postgres.consistency.deployment import Conversation, Deployment, codes

TABLES = ("sessions", "messages", "runs", "idempotency_keys", "shares")
# A conversation has 1 session, 9 messages, 6 runs, 1 share and 1 idempotency key.
ALL_OF_IT = {Code.WRONG_SHARD: 18}
NEXT_MAP = """
INSERT INTO catalog.shard_maps (version, shards)
SELECT version + 1, shards[: $1] || $2::smallint || shards[$1 + 2 :] FROM catalog.shard_maps ORDER BY version DESC LIMIT 1
"""
BEGUN = """
INSERT INTO catalog.shard_moves (id, buckets, source, target, phase) VALUES ('move_of_test', ARRAY[$1::smallint], 1, 2, 'copy')
"""
ENDED = "UPDATE catalog.shard_moves SET ended_at = now(), phase = 'done'"
PIN = "INSERT INTO catalog.shard_pins (user_id, shard) VALUES ($1, $2)"


@pytest.fixture
async def on_one(three: Deployment) -> Conversation:
    """A conversation on shard 1 of three, beside others everywhere."""
    for shard in range(3):
        await three.conversation(shard)
    return await three.conversation(shard=1)


async def test_what_is_on_the_shard_that_the_map_names_is_right(three: Deployment, on_one: Conversation) -> None:
    found, report = await three.checked()
    assert (found, report.checked[Kind.SESSIONS]) == ([], 4)


async def test_everything_on_the_wrong_shard_is_named_and_left_there(three: Deployment, on_one: Conversation) -> None:
    await three.sql(NEXT_MAP, bucket_of(on_one.user.id), 0)
    found = await three.check(repair=True)
    assert Counter(codes(found)) == Counter(ALL_OF_IT)
    assert {finding.shard for finding in found} == {1}
    assert all("belongs to shard 0 by version 2" in finding.fault.text for finding in found)
    assert Counter(codes(await three.check())) == Counter(ALL_OF_IT)


async def test_the_shards_that_are_asked_for_are_looked_through_and_no_others(three: Deployment, on_one: Conversation) -> None:
    await three.sql(NEXT_MAP, bucket_of(on_one.user.id), 0)
    assert await three.check(shards=(0, 2)) == []
    assert Counter(codes(await three.check(shards=(1, 1)))) == Counter(ALL_OF_IT)
    with pytest.raises(CheckImpossible, match="--shard 3"):
        await three.check(shards=(3,))


async def test_what_a_move_has_copied_so_far_is_no_fault_while_it_is_open(three: Deployment, on_one: Conversation) -> None:
    bucket = bucket_of(on_one.user.id)
    await three.sql(BEGUN, bucket)
    await three.copy(bucket, "messages", "idempotency_keys", source=1, target=2)
    assert await three.check() == []
    await three.sql(ENDED)
    assert Counter(codes(await three.check())) == {Code.WRONG_SHARD: 10}


async def test_what_a_move_has_not_dropped_yet_is_no_fault_while_it_is_open(three: Deployment, on_one: Conversation) -> None:
    bucket = bucket_of(on_one.user.id)
    await three.sql(BEGUN, bucket)
    await three.copy(bucket, *TABLES, source=1, target=2)
    await three.sql(NEXT_MAP, bucket, 2)
    await three.sql("DELETE FROM shard.messages WHERE bucket = $1 AND seq < 5", bucket, shard=1)
    assert await three.check() == []
    await three.sql(ENDED)
    assert Counter(codes(await three.check())) == {Code.WRONG_SHARD: 14}


async def test_a_fault_at_the_new_home_of_a_moving_bucket_is_named(three: Deployment, on_one: Conversation) -> None:
    bucket = bucket_of(on_one.user.id)
    await three.sql(BEGUN, bucket)
    await three.copy(bucket, *TABLES, source=1, target=2)
    await three.sql(NEXT_MAP, bucket, 2)
    await three.sql("UPDATE shard.sessions SET head_seq = 2 WHERE bucket = $1", bucket, shard=2)
    [found] = await three.check()
    assert (found.fault.code, found.shard) == (Code.HEAD_SEQ, 2)


async def test_a_pin_counts_where_owners_are_looked_up_in_a_directory(three: Deployment, on_one: Conversation) -> None:
    directory = replace(three.settings, shard_routing="directory")
    await three.sql(PIN, on_one.user.id, 1)
    await three.sql(NEXT_MAP, bucket_of(on_one.user.id), 2)
    assert (await three.checked(settings=directory))[0] == []
    assert Counter(codes(await three.check())) == Counter(ALL_OF_IT)
    await three.sql("UPDATE catalog.shard_pins SET shard = 0")
    assert {Code.WRONG_SHARD} == set(codes((await three.checked(settings=directory))[0]))


async def test_a_pin_to_a_shard_that_does_not_exist_is_named(three: Deployment, on_one: Conversation) -> None:
    await three.sql(PIN, "user_of_nobody", 3)
    await three.sql(PIN, "user_of_somebody", 2)
    [found] = await three.check()
    assert (found.fault.code, found.fault.ids, found.shard) == (Code.PIN_BEYOND_SETTINGS, {"user_id": "user_of_nobody"}, None)


async def test_a_map_that_names_more_shards_than_the_settings_is_named(three: Deployment, on_one: Conversation) -> None:
    fewer = replace(three.settings, shard_dsns=three.settings.shard_dsns[:2])
    [found], report = await three.checked(settings=fewer)
    assert found.fault.code is Code.MAP_BEYOND_SETTINGS
    assert "1365 buckets to shard 2" in found.fault.text
    assert not report.clean
    with pytest.raises(CheckImpossible, match="ONELAST_SHARD_DSNS has 2"):
        await three.checked(settings=fewer, repair=True)


async def test_several_shards_in_one_database_are_looked_through_once(deployment: Deployment) -> None:
    conversation = await deployment.conversation()
    twice = replace(deployment.settings, shard_dsns=deployment.settings.shard_dsns * 2)
    await deployment.sql(NEXT_MAP, bucket_of(conversation.user.id), 1)
    found, report = await deployment.checked(settings=twice)
    assert (found, report.checked[Kind.SESSIONS]) == ([], 1)
