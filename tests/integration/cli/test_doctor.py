"""`onelast doctor` tells which part is at fault, and why."""

import asyncio
import re
import socket
from contextlib import closing

import asyncpg
import pytest

from adapters.embedded.child import free_port
from adapters.postgres.revisions import OLDEST, head
from tests.integration.cli.conftest import Environment
from tests.support.processes import Ended, run_onelast
from tests.support.servers import PostgresServer

LISTED = {"ONELAST_UPSTREAM_MODELS": "*"}


def findings(ended: Ended) -> dict[str, tuple[bool, str]]:
    """Return what was said about each part, having looked that every line is about one and that the exit code agrees."""
    lines = [re.fullmatch(r"(ok |BAD)  ([\w ]+): (.+)", line) for line in ended.out.splitlines()]
    found = {line[2]: (line[1] == "ok ", line[3]) for line in lines if line is not None}
    assert len(found) == len(lines), ended.out
    assert ended.status == (0 if all(ok for ok, _ in found.values()) else 1)
    return found


async def faults(*deployments: Environment) -> list[dict[str, str]]:
    """Return what is wrong with each deployment, by part."""
    outcomes = await asyncio.gather(*(run_onelast("doctor", environment=settings) for settings in deployments))
    return [{part: text for part, (ok, text) in findings(ended).items() if not ok} for ended in outcomes]


def at(address: str, port: int) -> str:
    """Return the address with another port."""
    return re.sub(r":\d+(/|$)", rf":{port}\1", address)


def with_password(address: str, word: str) -> str:
    """Return the address with another password."""
    return re.sub(r":[^:@/]+@", f":{word}@", address)


async def test_where_everything_is_fine_each_part_has_its_line(deployment: Environment) -> None:
    ended = await run_onelast("doctor", environment=deployment)
    assert (ended.status, ended.err) == (0, "")
    assert list(findings(ended)) == ["address", "catalog", "shard 0", "cache", "cache layers", "models"]
    assert "PostgreSQL 18" in ended.out
    assert "scripted-50" in findings(ended)["models"][1]


async def test_parts_that_are_away_are_named(deployment: Environment) -> None:
    nobody, names = free_port(), ("ONELAST_CATALOG_DSN", "ONELAST_REDIS_URL", "ONELAST_UPSTREAM_URL")
    broken = deployment | {name: at(deployment[name], nobody) for name in names}
    found, listed = await faults(broken, deployment | LISTED | {names[2]: broken[names[2]]})
    assert set(found) == {"catalog", "shard 0", "cache", "models"}
    assert found["cache"].startswith("gives no answer: Connect call failed")
    assert all("cannot be reached" in found[part] for part in ("catalog", "shard 0", "models"))
    assert set(listed) == {"models"}


async def test_a_wrong_password_is_named_and_not_shown(deployment: Environment) -> None:
    names = ("ONELAST_CATALOG_DSN", "ONELAST_REDIS_URL")
    [found] = await faults(deployment | {name: with_password(deployment[name], "sesame") for name in names})
    assert set(found) == {"catalog", "shard 0", "cache"}
    assert all("password authentication failed" in found[part] for part in ("catalog", "shard 0"))
    assert "WRONGPASS" in found["cache"]


async def stamped(postgres: PostgresServer, revision: str) -> str:
    """Return the DSN of a database whose shard says that it is at this revision."""
    dsn = await postgres.database()
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE shard.alembic_version SET version_num = $1", revision)
    await connection.close()
    return dsn


async def test_a_schema_that_is_behind_is_named(deployment: Environment, postgres: PostgresServer) -> None:
    dsns = [await stamped(postgres, revision) for revision in ("shard_0002", "0000")]
    behind, garbage = await faults(*(deployment | {"ONELAST_CATALOG_DSN": dsn} for dsn in dsns))
    assert set(behind) == set(garbage) == {"shard 0"}
    assert "revision shard_0002" in behind["shard 0"]
    assert "`onelast migrate`" in behind["shard 0"]
    assert "revision 0000" in garbage["shard 0"]
    assert "none of this program's" in garbage["shard 0"]


@pytest.mark.skipif(OLDEST["shard"] == head("shard"), reason="this release needs the newest schema")
async def test_a_schema_that_will_do_and_could_be_newer_is_no_fault(deployment: Environment, postgres: PostgresServer) -> None:
    dsn = await stamped(postgres, OLDEST["shard"])
    told = findings(await run_onelast("doctor", environment=deployment | {"ONELAST_CATALOG_DSN": dsn}))
    assert told["shard 0"][0]
    assert f"schema {OLDEST['shard']}, which will do; `onelast migrate` brings it to {head('shard')}" in told["shard 0"][1]


async def test_an_empty_database_is_told_of_and_left_alone(fresh: Environment) -> None:
    [found] = await faults(fresh)
    assert set(found) == {"catalog", "shard 0"}
    assert all("revision none" in text for text in found.values())
    database = await asyncpg.connect(fresh["ONELAST_CATALOG_DSN"])
    assert not await database.fetch("SELECT nspname FROM pg_namespace WHERE nspname IN ('catalog', 'shard')")
    await database.close()


async def test_an_unknown_default_model_is_named(deployment: Environment) -> None:
    unknown = {"ONELAST_DEFAULT_MODEL": "gpt-17"}
    for found in await faults(deployment | unknown, deployment | unknown | LISTED):
        assert set(found) == {"models"}
        assert "ONELAST_DEFAULT_MODEL is gpt-17" in found["models"]
        assert "scripted-50" in found["models"]


async def test_a_taken_port_is_named(deployment: Environment) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        [found] = await faults(deployment | {"ONELAST_PORT": port})
    assert set(found) == {"address"}
    assert port in found["address"]
    assert "ONELAST_PORT" in found["address"]
