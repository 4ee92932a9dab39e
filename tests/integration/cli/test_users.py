"""`onelast users` finds users and changes what they may do and take, at nodes that serve too."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import Node, serving
from tests.support.api import Caller
from tests.support.processes import Ended, run_onelast, until


@pytest.fixture(scope="module")
async def node(deployment: Environment) -> AsyncIterator[Node]:
    async with serving(deployment) as running:
        yield running


@pytest.fixture
async def caller(node: Node) -> Caller:
    return await node.api.sign_up()


async def users(deployment: Environment, *arguments: str) -> Ended:
    return await run_onelast("users", *arguments, environment=deployment)


async def told(deployment: Environment, *arguments: str) -> dict[str, Any]:
    """Return what the command prints with --json."""
    ended = await users(deployment, *arguments, "--json")
    assert (ended.status, ended.err) == (0, "")
    shape: dict[str, Any] = json.loads(ended.out)
    return shape


async def becomes(caller: Caller, status: int) -> None:
    """Return when the caller's request to administrators' pages has this status; TimeoutError after a second."""

    async def become() -> bool:
        return (await caller.get("/v1/admin/users")).status_code == status

    await until(become, within=1)


async def test_the_first_administrator_is_made_and_a_node_that_knew_the_caller_sees_it(
    deployment: Environment, caller: Caller
) -> None:
    assert (await caller.get("/v1/admin/users")).status_code == 403
    assert (await told(deployment, "set-role", caller.email, "admin"))["role"] == "admin"
    await becomes(caller, 200)
    assert (await told(deployment, "set-role", caller.user["id"], "user"))["role"] == "user"
    await becomes(caller, 403)


async def test_plan_limits_and_budget_are_changed_by_address_or_identifier(deployment: Environment, caller: Caller) -> None:
    assert (await told(deployment, "set-plan", caller.email.upper(), "enterprise"))["plan"] == "enterprise"
    limits = ("requests_per_minute=1_000", "models=small,large")
    changed = await told(deployment, "set-limits", caller.user["id"], *limits, "--budget", "99.5")
    assert changed["own_limits"] == {"requests_per_minute": 1000, "models": ["small", "large"]}
    assert changed["monthly_budget"] == "99.5"
    profile = (await caller.get("/v1/users/me")).json()
    assert (profile["plan"], profile["limits"]["requests_per_minute"]) == ("enterprise", 1000)
    fewer = await told(deployment, "set-limits", caller.email, "models=none", "--budget", "none")
    assert (fewer["own_limits"], fewer["monthly_budget"]) == ({"requests_per_minute": 1000}, None)


async def test_a_user_is_shown_in_a_table_too(deployment: Environment, caller: Caller) -> None:
    ended = await users(deployment, "set-limits", caller.email, "tokens_per_day=5", "--budget", "3")
    title, row = ended.out.splitlines()
    assert title.split() == ["id", "e-mail", "plan", "role", "own", "limits", "budget"]
    assert row.split() == [caller.user["id"], caller.email, caller.user["plan"], "user", "tokens_per_day=5", "3"]


async def test_what_cannot_be_is_told_in_a_sentence_and_changes_nothing(deployment: Environment, caller: Caller) -> None:
    before = await told(deployment, "find", caller.email)
    for arguments, words in (
        (("find", "nobody@example.org"), "There is no user nobody@example.org."),
        (("set-plan", "user_none", "pro"), "There is no user user_none."),
        (("set-limits", caller.email, "requests_per_day=0"), "'requests_per_day' must lie between 1 and 10^15."),
    ):
        ended = await users(deployment, *arguments)
        assert (ended.status, words in ended.err) == (2, True), ended.err
    assert await told(deployment, "find", caller.email) == before


async def test_without_a_cache_that_can_be_told_the_outbox_keeps_it_for_a_worker(
    deployment: Environment, caller: Caller
) -> None:
    alone = {name: value for name, value in deployment.items() if name != "ONELAST_REDIS_URL"}
    database = await asyncpg.connect(deployment["ONELAST_CATALOG_DSN"])
    try:
        for settings in (alone, deployment | {"ONELAST_REDIS_URL": "redis://127.0.0.1:1"}):
            await database.execute("DELETE FROM catalog.outbox")
            await users(settings, "set-plan", caller.email, "pro")
            await users(settings, "set-plan", caller.email, "standard")
            assert await database.fetchval("SELECT plan FROM catalog.users WHERE email = $1", caller.email) == "standard"
            assert await database.fetchval("SELECT count(*) FROM catalog.outbox WHERE kind = 'AccessChanged'") == 2
        noted = await database.fetch("SELECT actor_id, details FROM catalog.audit_log WHERE user_id = $1", caller.user["id"])
        changes = [json.loads(row["details"]) for row in noted if row["actor_id"] is None]
        assert {"before": "pro", "after": "standard"} in changes
    finally:
        await database.close()
