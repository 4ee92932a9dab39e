"""`onelast migrate` and `onelast db status` over a catalog and several shards, some of which are away."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.embedded.child import free_port
from adapters.postgres.migrate import upgrade
from adapters.postgres.migration_lock import LOCKS
from adapters.postgres.revisions import current, head
from domain.shared.identifiers import bucket_of
from domain.shared.shard_map import ShardMap
from tests.integration.cli.conftest import Environment, settings_of
from tests.integration.cli.nodes import Node, serving
from tests.integration.cli.talking import require_unavailable
from tests.support.api import Caller
from tests.support.later_revisions import EXPAND, LaterRevisions
from tests.support.processes import ONELAST, run_onelast, running, until
from tests.support.servers import PostgresServer

NOWHERE = "postgresql://onelast:sesame@127.0.0.1:{}/onelast"


class Sharded:
    """The settings of a new deployment with a catalog and two shards, each a database of its own."""

    def __init__(self, catalog: str, shards: list[str], settings: Environment) -> None:
        self.catalog, self.shards, self._settings = catalog, shards, settings

    def settings(self, *shards: str, catalog: str | None = None) -> Environment:
        """Return them, with other shards or another catalog where they are given."""
        named = {"ONELAST_CATALOG_DSN": catalog or self.catalog, "ONELAST_SHARD_DSNS": ",".join(shards or self.shards)}
        return self._settings | named


@pytest.fixture
async def sharded(postgres: PostgresServer, own_valkey_url: Callable[[], str], model_url: str) -> Sharded:
    catalog, *shards = [await postgres.empty_database() for _ in range(3)]
    return Sharded(catalog, shards, settings_of(catalog, own_valkey_url(), model_url))


def away() -> str:
    """Return the DSN of a database where nobody listens."""
    return NOWHERE.format(free_port())


async def test_a_shard_that_is_away_does_not_stop_the_others_and_running_again_does_the_rest(sharded: Sharded) -> None:
    first = await run_onelast("migrate", environment=sharded.settings(away(), sharded.shards[1]))
    assert first.status == 2
    assert first.err == "onelast: shard 0 was not migrated; the others are done. Run `onelast migrate` again to do the rest.\n"
    assert "The catalog was migrated from none to " in first.out
    assert "The shard 0 cannot be reached: " in first.out
    assert f"The shard 1 was migrated from none to {head('shard')}.\n" in first.out
    assert "built-in agents were added" in first.out
    again = await run_onelast("migrate", environment=sharded.settings())
    assert (again.status, again.err) == (0, "")
    assert f"The shard 0 was migrated from none to {head('shard')}.\n" in again.out
    assert f"The shard 1 is at {head('shard')}.\n" in again.out


async def test_no_shard_is_begun_before_the_catalog(sharded: Sharded) -> None:
    ended = await run_onelast("migrate", environment=sharded.settings(catalog=away()))
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("onelast: The catalog cannot be reached: ")
    assert await current(sharded.shards[0], "shard") is None


async def test_shards_are_migrated_side_by_side_and_told_of_as_they_are_done(sharded: Sharded) -> None:
    other = await asyncpg.connect(sharded.shards[0])
    await other.execute("SELECT pg_advisory_lock($1)", LOCKS["shard"])
    async with running(ONELAST, "migrate", environment=sharded.settings()) as program:
        await program.says("The shard 0: another migration of it is running; waiting up to 300 seconds for it.")
        await program.says(f"The shard 1 was migrated from none to {head('shard')}.")
        assert await current(sharded.shards[0], "shard") is None
        await other.close()
        ended = await program.end()
    assert (ended.status, ended.err) == (0, "")
    assert f"The shard 0 was migrated from none to {head('shard')}.\n" in ended.out


async def test_another_migration_is_waited_for_no_longer_than_told(sharded: Sharded) -> None:
    other = await asyncpg.connect(sharded.shards[0])
    await other.execute("SELECT pg_advisory_lock($1)", LOCKS["shard"])
    ended = await run_onelast("migrate", "--wait", "0", environment=sharded.settings())
    await other.close()
    assert ended.status == 2
    assert "shard 0 was not migrated; the others are done." in ended.err
    assert "another migration of it has been running" in ended.out
    assert await current(sharded.shards[1], "shard") == head("shard")


async def test_kill_9_while_an_index_is_built_leaves_work_that_the_next_run_finishes(sharded: Sharded) -> None:
    await upgrade(sharded.catalog, "catalog")
    await upgrade(sharded.shards[0], "shard", "shard_0004")  # the next one builds indexes
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid AND indrelid = 'shard.sessions'::regclass"
    builders = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'onelast migrate' AND datname = current_database()"
    watching = await asyncpg.connect(sharded.shards[0])

    async def builds() -> bool:
        return bool(await watching.fetchval(invalid))

    async def nobody_builds() -> bool:
        return not await watching.fetchval(builders)

    idle = await asyncpg.connect(sharded.shards[0])
    await idle.execute("BEGIN; LOCK TABLE shard.sessions IN ROW EXCLUSIVE MODE")
    async with running(ONELAST, "migrate", environment=sharded.settings(sharded.shards[0])) as program:
        await until(builds)
        await program.end(signal.SIGKILL)
    await until(nobody_builds)
    assert await builds()
    await idle.close()
    again = await run_onelast("migrate", environment=sharded.settings(sharded.shards[0]))
    assert (again.status, again.err, await builds()) == (0, "", False)
    await watching.close()


async def test_a_schema_of_a_later_release_is_told_of_and_served(sharded: Sharded, tmp_path: Path) -> None:
    assert (await run_onelast("migrate", environment=sharded.settings())).status == 0
    later = LaterRevisions(tmp_path / "later", "shard")
    name = later.add_statements(*EXPAND["shard"])
    await upgrade(sharded.shards[1], "shard", more=[later.folder])
    migrated = await run_onelast("migrate", environment=sharded.settings())
    assert (migrated.status, migrated.err) == (0, "")
    assert f"The shard 1 is at {name}: a later release made it, and there is nothing to do.\n" in migrated.out
    examined = await run_onelast("doctor", environment=sharded.settings())
    assert f"ok   shard 1: PostgreSQL 18.6, schema {name}, which a later release made\n" in examined.out
    async with serving(sharded.settings()) as node:
        assert (await node.api.http.get("/readyz")).status_code == 200


async def caller_at(node: Node, shard: int) -> Caller:
    """Return the client of a new user who is at home on the shard."""
    home = ShardMap.even(2)
    while True:
        caller = await node.api.sign_up()
        if home.shard_of(bucket_of(caller.user["id"])) == shard:
            return caller


async def test_a_node_starts_without_a_shard_and_serves_who_is_at_home_on_the_other(sharded: Sharded) -> None:
    both_at_first = sharded.shards[0]
    whole, lame = (sharded.settings(both_at_first, second, catalog=both_at_first) for second in (sharded.shards[1], away()))
    assert (await run_onelast("migrate", environment=whole)).status == 0
    async with serving(lame) as node:
        assert (await node.api.http.get("/readyz")).status_code == 200
        assert "The shard 1 cannot be reached" in node.program.err
        assert "Its users get 503 until it is back." in node.program.err
        well, unlucky = await caller_at(node, 0), await caller_at(node, 1)
        assert (await well.say(await well.session(await well.agent("scripted-50")))).json()["run"]["status"] == "completed"
        require_unavailable(await unlucky.post("/v1/sessions", {"agent_id": "einstein"}))


async def test_a_node_does_not_start_without_any_shard_or_without_the_catalog(sharded: Sharded) -> None:
    assert (await run_onelast("migrate", environment=sharded.settings())).status == 0
    starts = [sharded.settings(away(), away()), sharded.settings(catalog=away())]
    shards, catalog = await asyncio.gather(*(run_onelast("serve", environment=settings) for settings in starts))
    assert (shards.status, catalog.status) == (2, 2)
    assert "onelast: The shard 0 cannot be reached" in shards.err
    assert "onelast: The catalog cannot be reached" in catalog.err


async def status_of(settings: Environment) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit status of `onelast db status --json` and what it says of each database."""
    ended = await run_onelast("db", "status", "--json", environment=settings)
    assert ended.err == ""
    return ended.status, {one["name"]: one for one in json.loads(ended.out)}


async def test_the_status_of_databases_that_are_well_is_a_table(sharded: Sharded) -> None:
    assert (await run_onelast("migrate", environment=sharded.settings())).status == 0
    ended = await run_onelast("db", "status", environment=sharded.settings())
    assert (ended.status, ended.err) == (0, "")
    titles, *rows = [line.split() for line in ended.out.splitlines()]
    assert titles == ["database", "server", "role", "revision", "head", "oldest", "pending", "migrating", "size", "connections"]
    assert [row[0] for row in rows] == ["catalog", "shard", "shard"]
    assert all(word in rows[0] for word in ("18.6", "primary", head("catalog"), "MB", "of"))


async def test_the_status_names_what_is_behind_away_or_being_migrated(sharded: Sharded) -> None:
    assert (await run_onelast("migrate", environment=sharded.settings(sharded.shards[0]))).status == 0
    other = await asyncpg.connect(sharded.shards[0])
    await other.execute("SELECT pg_advisory_lock($1)", LOCKS["shard"])
    status, found = await status_of(sharded.settings(*sharded.shards, away()))
    await other.close()
    assert status == 1
    assert list(found) == ["catalog", "shard 0", "shard 1", "shard 2"]
    assert [found[name]["migrating"] for name in found] == [False, True, False, None]
    assert [found[name]["reachable"] for name in found] == [True, True, True, False]
    assert (found["shard 1"]["revision"], len(found["shard 1"]["pending"])) == (None, int(head("shard")[-4:]))
    assert found["shard 0"]["pending"] == []
    assert 0 < found["shard 0"]["connections"] <= found["shard 0"]["max_connections"]
    assert found["shard 0"]["size_bytes"] > 1_000_000
    assert found["shard 2"]["problem"].startswith("cannot be reached")
    table = await run_onelast("db", "status", environment=sharded.settings(*sharded.shards, away()))
    assert table.status == 1
    assert "The shard 1 is at revision none; run `onelast migrate`.\n" in table.out
    assert "The shard 2 cannot be reached: " in table.out
