"""How many statements each route costs: a route without a budget, and one that costs more or less than its budget, fail here."""

from typing import Any, Final

import pytest
from litestar.routes import HTTPRoute
from redis.asyncio import Redis

from tests.integration.budgets.budget import Asked, Budget
from tests.integration.budgets.budgets import BUDGETS
from tests.integration.budgets.counting import Node
from tests.support.api import Api, Caller
from tests.support.mailbox import Mailbox

_WITHOUT: Final = {
    # The first only refuses, the others answer as /schema/openapi.json does.
    ("GET", "/v1/realtime"), ("GET", "/schema"), ("GET", "/schema/{path}"),
    # These succeed only where a provider answers, and no node here has one.
    ("GET", "/v1/auth/oidc/{name}"), ("POST", "/v1/auth/oidc/{name}/link"), ("GET", "/v1/auth/oidc/{name}/callback"),
}


async def routes_of(node: Node) -> set[tuple[str, str]]:
    """Return the methods and path templates that the application answers; it leaves itself in the scope of what it serves."""
    scope: Any = {"type": "http", "method": "GET", "path": "/livez", "raw_path": b"/livez", "query_string": b"", "headers": []}

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(_: Any) -> None: ...

    await node.application.asgi(scope, receive, send)
    routes = [route for route in scope["litestar_app"].routes if isinstance(route, HTTPRoute)]
    return {(method, route.path_format) for route in routes for method in set(route.methods) - {"OPTIONS", "HEAD"}}


async def test_every_route_has_a_budget_and_every_budget_a_route(cold_node: Node) -> None:
    assert await routes_of(cold_node) - _WITHOUT == set(BUDGETS)


async def prepared(budget: Budget, caller: Caller, here: Caller, mailbox: Mailbox) -> Asked:
    """Return what to ask, with the token that was mailed if one is needed."""
    asked = await budget.prepare(caller, here)
    if budget.mailed is None:
        return asked
    return Asked(asked.path, asked.body | {"token": await mailbox.token_to(caller.email, budget.mailed)})


@pytest.mark.parametrize(("route", "budget"), BUDGETS.items(), ids=[f"{method} {path}" for method, path in BUDGETS])
async def test_a_request_costs_the_statements_of_its_budget(
    route: tuple[str, str], budget: Budget, home: Api, cold_node: Node, cache_server: Redis, mailbox: Mailbox
) -> None:
    (method, _), callers = route, [await home.sign_up() for _ in range(2)]
    if budget.administrator:
        for caller in callers:
            await home.promote(caller)
    asked = [await prepared(budget, caller, cold_node.as_seen_by(caller), mailbox) for caller in callers]
    await cache_server.flushdb()
    cold = await cold_node.costs(method, callers[0], asked[0])
    await cold_node.as_seen_by(callers[1]).get("/v1/users/me")
    again = 0 if method == "GET" else 1  # what was changed once is not there to be changed again
    warm = await cold_node.costs(method, callers[again], asked[again])
    assert (budget.spent_on(cold), budget.spent_on(warm)) == (budget.cold, budget.warm), (cold, warm)


async def test_an_idempotency_key_costs_two_statements_more_and_is_stored_with_its_effect(home: Api, cold_node: Node) -> None:
    caller, asked = await home.sign_up(), Asked("/v1/sessions", {"agent_id": "einstein"})
    await cold_node.costs("POST", caller, asked)
    keyed = await cold_node.costs("POST", caller, asked, {"idempotency-key": "once"})
    again = await cold_node.costs("POST", caller, asked, {"idempotency-key": "once"})
    looked = {"catalog_idempotency.find", "idempotency.find"}
    (commit,) = set(keyed) - looked
    assert len(keyed) == 3
    assert {"idempotency.add", "sessions.add", "outbox.add"} <= set(commit.split("+"))
    assert set(again) <= looked
