"""`onelast shards` on real nodes: a second shard is added, buckets move there, a mover is killed behind its own fence."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import asyncpg
import pytest

from domain.shared.identifiers import bucket_of
from tests.integration.cli.conftest import Environment, settings_of
from tests.integration.cli.nodes import serving
from tests.support.api import Caller
from tests.support.processes import ONELAST, Ended, run, running, until
from tests.support.servers import PostgresServer

FENCES = "SELECT count(*) FROM shard.fences"
# Where nothing is stored yet a bucket needs no move: 1,800 of them go to the second shard by the map alone.
NEARLY_HALF = """
INSERT INTO catalog.shard_maps (version, shards)
SELECT version + 1, array(SELECT CASE WHEN n BETWEEN 2 AND 1801 AND n - 1 <> $1 THEN 1 ELSE 0 END FROM generate_series(1, 4096) n)
FROM catalog.shard_maps ORDER BY version DESC LIMIT 1
"""
PHASE = "SELECT phase FROM catalog.shard_moves WHERE ended_at IS NULL"


@pytest.fixture
async def one(postgres: PostgresServer, own_valkey_url: Callable[[], str], model_url: str) -> Environment:
    """The settings of a deployment whose one shard is apart from its catalog."""
    settings = settings_of(await postgres.database(), own_valkey_url(), model_url)
    return settings | {"ONELAST_SHARD_DSNS": await postgres.database()}


@pytest.fixture
async def two(one: Environment, postgres: PostgresServer) -> Environment:
    """The same with one more shard, in which there is nothing at all yet."""
    return one | {"ONELAST_SHARD_DSNS": f"{one['ONELAST_SHARD_DSNS']},{await postgres.empty_database()}"}


async def shards(environment: Environment, *arguments: str) -> Ended:
    return await run(ONELAST, "shards", *arguments, environment=environment, within=110)


async def ask(dsn: str, query: str, *arguments: object) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


def shard_of(environment: Environment, number: int) -> str:
    return environment["ONELAST_SHARD_DSNS"].split(",")[number]


class Talk:
    """Somebody who says something again and again, and remembers what was acknowledged."""

    def __init__(self, caller: Caller, session: str) -> None:
        self.caller, self.session = caller, session
        self.said: list[str] = []
        self.refused = 0

    async def go_on(self) -> None:
        while True:
            text = f"This is number {len(self.said) + self.refused}."
            answer = await self.caller.say(self.session, text)
            if answer.status_code == 201:
                self.said.append(text)
            else:
                assert answer.status_code == 503, answer.text
                self.refused += 1

    async def something_new(self) -> None:
        count = len(self.said)

        async def more() -> bool:
            return len(self.said) > count

        await until(more)

    async def require_exact(self) -> None:
        after, texts, seqs = None, list[str](), list[int]()
        while True:
            params = {"order": "asc", "limit": 100} | ({"after": after} if after else {})
            page = (await self.caller.get(f"/v1/sessions/{self.session}/messages", params=params)).json()
            seqs += [message["seq"] for message in page["data"]]
            texts += [message["content"][0]["text"] for message in page["data"] if message["role"] == "user"]
            after = page["last_id"]
            if not page["has_more"]:
                break
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(texts) == len(set(texts))
        assert set(self.said) <= set(texts)


@pytest.fixture
async def added(two: Environment, one: Environment) -> str:
    """The second shard is added, to a map that was made when there was one; somebody's identifier, from that time."""
    async with serving(one) as node:
        user: str = (await node.api.sign_up()).user["id"]
    assert (await shards(two, "add")).status == 0
    return user


@pytest.fixture
async def talk(two: Environment, added: str) -> AsyncIterator[Talk]:
    """A node and a worker that know both shards, with somebody in talk."""
    async with serving(two) as node, running(ONELAST, "worker", environment=two) as worker:
        await worker.says("working")
        caller = await node.api.sign_up()
        talk = Talk(caller, await caller.session(await caller.agent("scripted-50")))
        talking = asyncio.create_task(talk.go_on())
        try:
            yield talk
        finally:
            talking.cancel()
            with suppress(asyncio.CancelledError):
                await talking


async def test_a_shard_is_added_and_what_lives_on_the_first_moves_there_while_it_is_in_use(two: Environment, talk: Talk) -> None:
    bucket = bucket_of(talk.caller.user["id"])
    planned = await shards(two, "rebalance", "--dry-run")
    assert "go from shard 0 to shard 1" in planned.out
    moved = await shards(two, "move", str(bucket), "--to", "1")
    assert moved.status == 0, moved.err
    assert "Ended in phase done; writers waited for" in moved.out
    await talk.something_new()
    status = json.loads((await shards(two, "status", "--json")).out)
    assert [shard["buckets"] for shard in status["shards"]] == [4095, 1]
    assert (status["move"], status["shards"][0]["rows"]) == (None, 0)
    assert {node["map_version"] for shard in status["shards"] for node in shard["nodes"]} == {status["map_version"]}
    verified = await shards(two, "verify")
    assert (verified.status, verified.out) == (0, "Rows, fences and the shard map agree.\n")
    await talk.something_new()
    assert talk.refused == 0
    await talk.require_exact()


async def test_shards_that_are_not_even_are_made_so_while_they_are_in_use(two: Environment, talk: Talk) -> None:
    catalog, bucket = two["ONELAST_CATALOG_DSN"], bucket_of(talk.caller.user["id"])
    await ask(catalog, NEARLY_HALF, bucket)
    evened = await shards(two, "rebalance", "--by", "rows", "--batch", "512")
    assert evened.status == 0, evened.err
    assert evened.out.count("Ended in phase done") == 1
    # How many buckets make the rows even depends on how much was said by then.
    then = [int(rows) for rows in re.findall(r"^[01] +\d{4} rows +(\d{4}) rows$", evened.out, re.MULTILINE)]
    assert len(then) == 2
    assert max(then) - min(then) <= 0.01 * sum(then)
    moved = re.search(r"^(\d+) of the buckets go from shard 0 to shard 1", evened.out, re.MULTILINE)
    assert moved is not None
    status = json.loads((await shards(two, "status", "--json")).out)
    assert status["shards"][1]["buckets"] == 1800 - (1 <= bucket <= 1800) + int(moved[1])
    assert (await shards(two, "verify")).status == 0
    await talk.something_new()
    assert talk.refused == 0
    await talk.require_exact()


async def test_a_killed_movers_fence_is_taken_down_within_seconds_and_its_move_can_be_finished(
    two: Environment, talk: Talk
) -> None:
    bucket = bucket_of(talk.caller.user["id"])
    writer, target = await asyncpg.connect(shard_of(two, 0)), await asyncpg.connect(shard_of(two, 1))

    async def fencing() -> bool:
        return await ask(two["ONELAST_CATALOG_DSN"], PHASE) == "fencing"

    async def fenced() -> bool:
        return await ask(shard_of(two, 0), FENCES) == 1

    async def free() -> bool:
        return not await fenced()

    try:
        async with running(ONELAST, "shards", "move", str(bucket), "--to", "1", environment=two) as mover:
            await writer.execute("SELECT pg_advisory_lock_shared(5261003, $1)", bucket)
            await until(fencing, within=60)
            await target.execute("BEGIN; LOCK TABLE shard.move_marks")  # nothing of the fence arrives on the other side
            await writer.execute("SELECT pg_advisory_unlock_shared(5261003, $1)", bucket)
            await until(fenced)
            mover.send(signal.SIGKILL)
        await target.execute("ROLLBACK")
        await until(free)
        await talk.something_new()
    finally:
        await writer.close()
        await target.close()
    status = await shards(two, "status")
    assert "nobody is at work on it" in status.out
    refused = await shards(two, "move", "7", "--to", "1")
    assert (refused.status, "resume" in refused.err) == (2, True)
    resumed = await shards(two, "resume")
    assert resumed.status == 0, resumed.err
    await talk.something_new()
    assert (await shards(two, "verify")).status == 0
    assert talk.refused == 0
    await talk.require_exact()
    assert await ask(shard_of(two, 0), "SELECT count(*) FROM shard.messages") == 0


async def test_ctrl_c_stops_a_move_where_it_can_be_taken_back(two: Environment, talk: Talk) -> None:
    newest = "SELECT md5(shards::text) FROM catalog.shard_maps ORDER BY version DESC LIMIT 1"
    before = await ask(two["ONELAST_CATALOG_DSN"], newest)
    async with running(ONELAST, "shards", "move", "0-15", "--to", "1", environment=two) as mover:
        await mover.says("Moving buckets")
        stopped = await mover.end(signal.SIGINT)
    assert stopped.status == 130
    assert "resume" in stopped.err
    aborted = await shards(two, "abort")
    assert aborted.status == 0, aborted.err
    assert (await shards(two, "verify")).status == 0
    after = await ask(two["ONELAST_CATALOG_DSN"], newest)
    assert after == before
    nothing = await shards(two, "abort")
    assert (nothing.status, nothing.err) == (2, "onelast: No move is open.\n")


async def test_what_cannot_be_moved_is_refused_with_the_reason_and_nothing_is_changed(two: Environment, added: str) -> None:
    for arguments, reason in (
        (("move", "7", "--to", "5"), "There is no shard 5"), (("move", "7", "--to", "0"), "Shard 0 holds bucket 7 already"),
        (("add",), None), (("resume",), "No move is open"), (("pin", added, "--to", "1"), "directory"),
    ):
        ended = await shards(two, *arguments)
        assert (ended.status == 0) == (reason is None), ended.err
        assert reason is None or reason in ended.err
    assert (await shards(two, "move", "7,x", "--to", "1")).status == 2
    assert (await shards(two | {"ONELAST_POOLER": "pgbouncer"}, "status")).status == 2
    assert await ask(two["ONELAST_CATALOG_DSN"], "SELECT count(*) FROM catalog.shard_moves") == 0
