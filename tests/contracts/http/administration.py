"""What administrators may do, and when what they do is seen."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.contracts.http.scopes import new_key
from tests.support.api import Api, Caller, error_of, new_email
from tests.support.processes import until


async def promoted(api: Api) -> Caller:
    """Return an administrator."""
    caller = await api.sign_up()
    await api.promote(caller)
    return caller


async def change(admin: Caller, user: Caller, **changes: Any) -> dict[str, Any]:
    """Return the user as changed by an administrator."""
    answer = await admin.request("PATCH", f"/v1/admin/users/{user.user['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def at(api: Api, caller: Caller) -> Caller:
    """Return the same caller at another node."""
    return Caller(api.http, caller.signed_up | {"access_token": caller.token}, caller.email)


async def seen(callers: Sequence[Caller], status: int, per_minute: str) -> bool:
    """Return whether each may (or may not) ask what administrators may, within this limit."""
    answers = [await one.get("/v1/admin/users") for one in callers]
    told = {(answer.status_code, answer.headers["x-ratelimit-limit-requests"]) for answer in answers}
    return told == {(status, per_minute)}


class AdministrationSuite:
    async def test_others_than_administrators_are_refused_before_anything_else(self, api: Api) -> None:
        caller, other = await api.sign_up(), await api.sign_up()
        path = f"/v1/admin/users/{other.user['id']}"
        for answer in (
            await caller.get("/v1/admin/users"), await caller.get(path), await caller.get("/v1/admin/users/nobody"),
            await caller.request("PATCH", path, json={"plan": "pro"}), await caller.request("PATCH", path, content=b"{"),
        ):
            assert error_of(answer, 403)["code"] == "administrators_only"
        error_of(await api.http.get(path), 401)
        assert (await other.get("/v1/users/me")).json()["plan"] == other.user["plan"]

    async def test_users_are_found_by_address_and_listed_page_by_page(self, api: Api) -> None:
        admin, user = await promoted(api), await api.sign_up()
        found = (await admin.get("/v1/admin/users", params={"email": user.email.upper()})).json()
        assert [one["id"] for one in found["data"]] == [user.user["id"]]
        assert (await admin.get("/v1/admin/users", params={"email": new_email()})).json()["data"] == []
        assert error_of(await admin.get("/v1/admin/users", params={"email": "nobody"}), 422)["param"] == "email"
        first = (await admin.get("/v1/admin/users", params={"limit": 1})).json()
        second = (await admin.get("/v1/admin/users", params={"limit": 1, "after": first["last_id"]})).json()
        assert first["has_more"] is True
        assert first["last_id"] > second["first_id"]
        assert [page["data"][0]["object"] for page in (first, second)] == ["user", "user"]

    async def test_a_user_is_shown_with_the_limits_in_force(self, api: Api) -> None:
        admin, user = await promoted(api), await api.sign_up()
        shown = (await admin.get(f"/v1/admin/users/{user.user['id']}")).json()
        assert shown["limits"] == user.user["limits"] == (await user.get("/v1/users/me")).json()["limits"]
        assert (shown["role"], shown["monthly_budget"], shown["email"]) == ("user", None, user.email)
        assert set(shown["own_limits"].values()) == {None}
        assert "password" not in str(shown)
        error_of(await admin.get("/v1/admin/users/user_" + "0" * 26), 404)

    async def test_plan_limits_and_budget_are_changed_and_taken_back(self, api: Api) -> None:
        admin, user = await promoted(api), await api.sign_up()
        changed = await change(
            admin, user, plan="pro", monthly_budget="12.50", limits={"requests_per_day": 7, "models": ["small"]}
        )
        assert (changed["plan"], changed["monthly_budget"]) == ("pro", "12.5")
        assert (changed["limits"]["requests_per_day"], changed["limits"]["models"]) == (7, ["small"])
        assert changed["limits"]["requests_per_minute"] == 500
        assert changed == (await admin.get(f"/v1/admin/users/{user.user['id']}")).json()
        assert (await user.get("/v1/users/me")).json()["limits"] == changed["limits"]
        less = await change(admin, user, limits={"models": None}, monthly_budget=3)
        assert (less["limits"]["models"], less["limits"]["requests_per_day"], less["monthly_budget"]) == (["*"], 7, "3")
        none = await change(admin, user, plan=user.user["plan"], limits=None, monthly_budget=None)
        assert (none["limits"], none["monthly_budget"]) == (user.user["limits"], None)

    @pytest.mark.parametrize(
        ("body", "param"),
        [
            ({"plan": "gold"}, "plan"),
            ({"role": "owner"}, "role"),
            ({"limits": {"requests_per_minute": 0}}, "limits.requests_per_minute"),
            ({"limits": {"requests_per_minute": "many"}}, "limits.requests_per_minute"),
            ({"limits": {"wishes": 3}}, "limits.wishes"),
            ({"limits": {"models": []}}, "limits.models"),
            ({"monthly_budget": -1}, "monthly_budget"),
            ({"monthly_budget": "much"}, "monthly_budget"),
            ({"monthly_budget": "1e99"}, "monthly_budget"),
            ({"plan": "pro", "email": "a@example.org"}, "email"),
        ],
    )
    async def test_a_wrong_field_is_named_and_changes_nothing(
        self, api: Api, body: dict[str, Any], param: str
    ) -> None:
        admin, user = await promoted(api), await api.sign_up()
        before = (await admin.get(f"/v1/admin/users/{user.user['id']}")).json()
        answer = await admin.request("PATCH", f"/v1/admin/users/{user.user['id']}", json={"role": "admin", **body})
        assert error_of(answer, 422)["param"] == param
        assert (await admin.get(f"/v1/admin/users/{user.user['id']}")).json() == before

    async def test_an_administrator_keeps_the_role_until_another_takes_it_away(self, api: Api) -> None:
        one, other = await promoted(api), await promoted(api)
        refused = await one.request("PATCH", f"/v1/admin/users/{one.user['id']}", json={"role": "user"})
        assert error_of(refused, 409)["code"] == "own_role"
        assert refused.headers["x-should-retry"] == "false"
        assert (await change(one, one, role="admin"))["role"] == "admin"
        assert (await change(other, one, role="user"))["role"] == "user"
        error_of(await one.get("/v1/admin/users"), 403)

    async def test_a_repeated_change_is_made_once(self, api: Api) -> None:
        admin, user = await promoted(api), await api.sign_up()
        path, headers = f"/v1/admin/users/{user.user['id']}", {"idempotency-key": f"change-of-{user.user['id']}"}
        first = await admin.request("PATCH", path, json={"plan": "pro"}, headers=headers)
        await change(admin, user, plan="standard")
        again = await admin.request("PATCH", path, json={"plan": "pro"}, headers=headers)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert (await user.get("/v1/users/me")).json()["plan"] == "standard"

    async def test_changes_at_the_same_moment_are_all_made(self, api: Api) -> None:
        admin, user = await promoted(api), await api.sign_up()
        names = ("requests_per_minute", "requests_per_day", "tokens_per_day", "concurrent_streams")
        await asyncio.gather(*(change(admin, user, limits={name: 77}) for name in names))
        shown = (await admin.get(f"/v1/admin/users/{user.user['id']}")).json()
        assert [shown["own_limits"][name] for name in names] == [77] * 4

    async def test_a_key_of_an_administrators_needs_the_scope_as_well(self, api: Api) -> None:
        admin = await promoted(api)
        without = await new_key(admin, scopes=["read", "chat", "agents", "account"])
        assert error_of(await without.get("/v1/admin/users"), 403)["code"] == "insufficient_scope"
        for scopes in (["admin"], None):
            assert (await (await new_key(admin, scopes=scopes)).get("/v1/admin/users")).status_code == 200

    async def test_administrators_change_and_retire_anybodys_agents(self, api: Api) -> None:
        admin, owner = await promoted(api), await api.sign_up()
        slug = await owner.agent("default")
        agent_id = (await owner.get(f"/v1/agents/{slug}")).json()["id"]
        limited = await new_key(admin, scopes=["agents"])
        error_of(await limited.request("PATCH", f"/v1/agents/{agent_id}", json={"name": "Theirs"}), 404)
        renamed = await admin.request("PATCH", f"/v1/agents/{agent_id}", json={"name": "Better"})
        assert (renamed.status_code, renamed.json()["owner_id"]) == (200, owner.user["id"])
        assert (await owner.get(f"/v1/agents/{slug}")).json()["name"] == "Better"
        assert (await admin.request("DELETE", f"/v1/agents/{agent_id}")).status_code == 200
        error_of(await owner.get(f"/v1/agents/{slug}"), 404)


class OtherNodesSuite:
    async def test_a_change_at_one_node_is_seen_at_another_within_a_second(
        self, api: Api, neighbour: Api
    ) -> None:
        admin, user = await promoted(api), await api.sign_up()
        there = at(neighbour, user)
        key = at(neighbour, await new_key(user))
        for one in (there, key):  # who they are is remembered there from now on
            error_of(await one.get("/v1/admin/users"), 403)
        await change(admin, user, role="admin", plan="pro")
        await until(lambda: seen([there, key], 200, "500"), within=1)
        assert (await there.get("/v1/users/me")).json()["plan"] == "pro"
        await change(admin, user, role="user", limits={"requests_per_minute": 321})
        await until(lambda: seen([there, key], 403, "321"), within=1)
