"""Repairs do no harm: what changed meanwhile, what is young, and what is elsewhere is left alone."""

import asyncio

import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.leases import PostgresRunLeases
from domain.consistency.faults import Code
from domain.runs.run import RunStatus
from domain.shared.identifiers import NodeId, bucket_of
from tests.integration.postgres.consistency.deployment import Conversation, Deployment, codes
from tests.integration.postgres.consistency.plants import (
    NO_SESSION,
    OF_NO_NODE,
    ORPHANED,
    WAITING_FOR_NOBODY,
    Plant,
    filled,
    names_of,
)
from tests.support.storing import answer, say


def living_node(deployment: Deployment, entropy: MemoryEntropy) -> PostgresRunLeases:
    """Return the lease of a node that serves."""
    return PostgresRunLeases(deployment.placement, NodeId(entropy.identifier("node", 0)))


@pytest.mark.parametrize(
    ("plant", "taken"), [(WAITING_FOR_NOBODY, "queued"), (OF_NO_NODE, "streaming")], ids=["waiting", "streaming"]
)
async def test_a_run_that_nobody_would_ever_make_is_left_for_the_next_living_node(
    deployment: Deployment, conversation: Conversation, entropy: MemoryEntropy, plant: Plant, taken: str
) -> None:
    run = getattr(conversation, taken)
    await plant.put(deployment, conversation)
    node = living_node(deployment, entropy)
    await node.renew()
    assert [one.id for one in await node.reclaim([], 10)] == []
    _, report = await deployment.checked(repair=True)
    assert report.clean
    [found] = await deployment.check()
    assert (found.fault.code, found.fault.ids["run_id"]) == (Code.RUN_UNMADE, run.id)
    [reclaimed] = await node.reclaim([], 10)
    assert (reclaimed.id, reclaimed.status, reclaimed.node) == (run.id, RunStatus.STREAMING, node.node)
    assert await deployment.check() == []


async def test_a_session_whose_head_was_repaired_takes_messages_again(deployment: Deployment) -> None:
    session = await deployment.session(await deployment.user_of(0))
    _, run = await say(deployment.shards, session)
    await answer(deployment.shards, session, run)
    await deployment.sql("UPDATE shard.sessions SET head_seq = 7, version = version + 1 WHERE id = $1", session.id)
    await deployment.checked(repair=True)
    async with deployment.shards.open(session.owner_id) as unit:
        stored = await unit.sessions.get(session.id)
    assert (stored.head_seq, stored.version) == (2, session.version + 2)
    await say(deployment.shards, stored)
    assert await deployment.check() == []


async def test_a_repair_is_an_event_that_the_outbox_tells(deployment: Deployment, conversation: Conversation) -> None:
    count = "SELECT count(*) FROM shard.outbox WHERE kind = 'SessionChanged' AND payload->>'session_id' = $1"
    await deployment.sql("UPDATE shard.sessions SET waiting = 5 WHERE id = $1", conversation.session.id)
    await deployment.sql("DELETE FROM shard.outbox")
    await deployment.checked(repair=True)
    assert [row[0] for row in await deployment.sql(count, conversation.session.id)] == [1]


async def test_two_checks_that_repair_at_once_repair_once(deployment: Deployment, conversation: Conversation) -> None:
    await deployment.sql("UPDATE shard.sessions SET head_seq = 1, waiting = 5 WHERE id = $1", conversation.session.id)
    await asyncio.gather(*(deployment.checked(repair=True) for _ in range(4)))
    assert await deployment.check() == []


async def test_orphans_of_the_last_hour_are_told_and_kept(deployment: Deployment, conversation: Conversation) -> None:
    await deployment.sql("UPDATE shard.messages SET created_at = now() - interval '59 minutes'")
    await deployment.sql("UPDATE shard.runs SET created_at = now() - interval '59 minutes'")
    await deployment.sql("UPDATE shard.shares SET created_at = now() - interval '59 minutes'")
    await ORPHANED.put(deployment, conversation)
    found, report = await deployment.checked(repair=True)
    assert report.repaired.total() == 0
    assert codes(await deployment.check()) == codes(found)


async def test_what_belongs_to_a_session_that_is_on_another_shard_is_not_removed(three: Deployment) -> None:
    conversation = await three.conversation(shard=1)
    await three.copy(bucket_of(conversation.user.id), "sessions", source=1, target=2)
    for statement in NO_SESSION:
        await three.sql(filled(statement, names_of(three, conversation)), shard=1)
    found, report = await three.checked(repair=True)
    assert set(codes(found)) == {Code.WRONG_SHARD, Code.MESSAGE_ORPHANED, Code.RUN_ORPHANED, Code.SHARE_ORPHANED}
    assert report.repaired.total() == 0
    assert codes(await three.check()) == codes(found)


async def test_while_two_runs_stream_in_a_session_neither_is_given_the_turn(
    deployment: Deployment, conversation: Conversation
) -> None:
    streaming = "UPDATE shard.runs SET status = 'streaming', node = 'node_of_test' WHERE id = $1"
    await deployment.sql(streaming, conversation.queued.id)
    await deployment.sql("UPDATE shard.sessions SET waiting = 0 WHERE id = $1", conversation.session.id)
    [found] = await deployment.check(repair=True)
    assert found.fault.code is Code.RUN_OUT_OF_TURN
    assert found.outcome is not None
    assert not found.outcome.repaired
    assert "2 runs stream" in found.outcome.text
