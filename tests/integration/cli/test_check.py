"""`onelast check` tells in words or in JSON, and by its exit code."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.embedded.child import free_port
from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrate import upgrade
from adapters.postgres.revisions import Tree
from tests.integration.cli.conftest import Environment, settings_of
from tests.integration.cli.nodes import serving
from tests.integration.cli.test_doctor import at, with_password
from tests.support.processes import Ended, run_onelast
from tests.support.servers import FAST, PostgresServer

TREES: tuple[Tree, ...] = ("catalog", "shard")


async def checked(settings: Environment, *arguments: str) -> Ended:
    """Run the command, with nothing set but the database."""
    return await run_onelast("check", *arguments, environment={"ONELAST_CATALOG_DSN": settings["ONELAST_CATALOG_DSN"]})


def document(ended: Ended) -> dict[str, Any]:
    """Return what was printed."""
    read: dict[str, Any] = json.loads(ended.out)
    return read


@pytest.fixture
async def used(
    postgres: PostgresServer, own_valkey_url: Callable[[], str], model_url: str
) -> tuple[Environment, str]:
    """A deployment in which somebody talked, without a node now, and the session."""
    settings = settings_of(await postgres.database(), own_valkey_url(), model_url)
    async with serving(settings) as node:
        caller = await node.api.sign_up()
        session = await caller.session(await caller.agent("scripted-50"))
        assert (await caller.say(session)).status_code == 201
    return settings, session


async def spoil(settings: Environment, session: str) -> None:
    database = await asyncpg.connect(settings["ONELAST_CATALOG_DSN"])
    await database.execute("UPDATE shard.sessions SET head_seq = 5 WHERE id = $1", session)
    await database.execute("UPDATE shard.runs SET output_tokens = NULL")
    await database.close()


async def test_where_everything_agrees_it_says_so(used: tuple[Environment, str]) -> None:
    settings, _ = used
    words, found = await asyncio.gather(checked(settings), checked(settings, "--json", "--batch", "1", "--pause", "0.01"))
    assert (words.status, words.err) == (0, "")
    assert words.out.endswith("Everything agrees.\n")
    assert "2 messages" in words.out
    assert (found.status, document(found)["findings"], document(found)["complete"]) == (0, [], True)
    assert document(found)["checked"]["messages"] == 2


async def test_faults_are_told_and_what_can_be_is_repaired(used: tuple[Environment, str]) -> None:
    settings, session = used
    await spoil(settings, session)
    words, found = await asyncio.gather(checked(settings), checked(settings, "--json"))
    assert (words.status, found.status) == (1, 1)
    assert f"FAULT  head_seq on shard 0: session_id {session}" in words.out
    assert document(found)["found"] == {"head_seq": 1, "run_end": 1}
    repaired = await checked(settings, "--json", "--repair")
    assert repaired.status == 1
    outcomes = {one["code"]: (one["repaired"], one["shard"], one["ids"]["session_id"]) for one in document(repaired)["findings"]}
    assert outcomes == {"head_seq": (True, 0, session), "run_end": (False, 0, session)}
    assert document(await checked(settings, "--json"))["found"] == {"run_end": 1}


async def test_once_all_is_repaired_the_exit_code_is_that_of_no_fault(used: tuple[Environment, str]) -> None:
    settings, session = used
    database = await asyncpg.connect(settings["ONELAST_CATALOG_DSN"])
    await database.execute("UPDATE shard.sessions SET waiting = 1 WHERE id = $1", session)
    await database.close()
    ended = await checked(settings, "--repair", "--shard", "0")
    assert (ended.status, "1 × session_turn, 1 repaired" in ended.out) == (0, True)


async def test_a_check_that_cannot_be_made_says_why(deployment: Environment, fresh: Environment, data_folder: Path) -> None:
    dsn = deployment["ONELAST_CATALOG_DSN"]
    ended = await asyncio.gather(
        run_onelast("check", environment={"ONELAST_DATA_DIR": str(data_folder)}),
        checked({"ONELAST_CATALOG_DSN": at(dsn, free_port())}),
        checked({"ONELAST_CATALOG_DSN": with_password(dsn, "sesame")}), checked(fresh), checked(deployment, "--shard", "1"),
        checked(deployment, "--deep"), checked(deployment, "--batch", "0"), checked(deployment, "--pause", "-1"),
    )
    words = (
        "ONELAST_CATALOG_DSN is not set, and no `onelast up` runs", "cannot be reached", "password authentication failed",
        "onelast migrate", "--shard 1", "amcheck", "--batch", "--pause",
    )
    for one, word in zip(ended, words, strict=True):
        assert (one.status, one.out) == (2, ""), one
        assert word in one.err
        assert "sesame" not in one.err


async def test_the_database_of_a_running_up_is_checked_without_being_named(data_folder: Path) -> None:
    folder = DataFolder(data_folder)
    server = await EmbeddedPostgres.start(folder, settings=FAST)
    try:
        for tree in TREES:
            await upgrade(server.dsn, tree)
        ended = await run_onelast("check", environment={"ONELAST_DATA_DIR": str(data_folder)})
    finally:
        await server.stop()
        folder.release()
    assert (ended.status, ended.err) == (0, "")
    assert "0 sessions" in ended.out


async def test_json_of_a_check_that_cannot_be_made_is_whole_and_says_so(deployment: Environment) -> None:
    ended = await checked(deployment, "--json", "--shard", "1")
    assert ended.status == 2
    assert document(ended) == {"findings": [], "complete": False, "clean": False, "checked": {}, "found": {}, "repaired": {}}
