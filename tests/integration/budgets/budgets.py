"""One request to every route, and what is prepared for it on another node."""

from typing import Any, Final

from tests.integration.budgets.budget import Asked, Budget, Budgets, fixed
from tests.integration.budgets.budgets_of_accounts import BUDGETS_OF_ACCOUNTS
from tests.integration.budgets.budgets_of_dialects import BUDGETS_OF_DIALECTS
from tests.support.api import PASSWORD, Caller, new_email


async def _sign_up(_: Caller, __: Caller) -> Asked:
    return Asked("/v1/users", {"email": new_email(), "password": PASSWORD, "name": "Somebody"})


async def _log_in(caller: Caller, _: Caller) -> Asked:
    return Asked("/v1/auth/login", {"email": caller.email, "password": PASSWORD})


async def _refresh(caller: Caller, _: Caller) -> Asked:
    signed_in = await caller.http.post("/v1/auth/login", json={"email": caller.email, "password": PASSWORD})
    caller.http.cookies.clear()
    return Asked("/v1/auth/refresh", {"refresh_token": signed_in.json()["refresh_token"]})


async def _revoke_key(caller: Caller, _: Caller) -> Asked:
    key = await caller.post("/v1/api-keys", {"name": "laptop"})
    return Asked(f"/v1/api-keys/{key.json()['id']}")


async def _make_agent(caller: Caller, _: Caller) -> Asked:
    slug = new_email().partition("@")[0]
    return Asked("/v1/agents", {"slug": slug, "name": "Test", "persona": "You are a test.", "model": "scripted"})


async def _own_agent(caller: Caller, _: Caller) -> str:
    slug = await caller.agent("scripted")
    found = await caller.get(f"/v1/agents/{slug}")
    return str(found.json()["id"])


async def _rename_agent(caller: Caller, here: Caller) -> Asked:
    return Asked(f"/v1/agents/{await _own_agent(caller, here)}", {"name": "Renamed"})


async def _retire_agent(caller: Caller, here: Caller) -> Asked:
    return Asked(f"/v1/agents/{await _own_agent(caller, here)}")


async def _session(caller: Caller) -> str:
    session = await caller.session()
    answer = await caller.say(session)
    assert answer.status_code == 201, answer.text
    return session


async def _a_session(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/sessions/{await _session(caller)}")


async def _retitle(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/sessions/{await _session(caller)}", {"title": "Another"})


async def _page(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/sessions/{await _session(caller)}/messages")


async def _say(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/sessions/{await _session(caller)}/messages", {"content": "Go on."})


async def _shared(caller: Caller) -> dict[str, Any]:
    answer = await caller.post(f"/v1/sessions/{await _session(caller)}/share")
    return dict(answer.json())


async def _unshared(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/sessions/{await _session(caller)}/share")


async def _link(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/sessions/{(await _shared(caller))['session_id']}/share")


async def _shared_page(caller: Caller, _: Caller) -> Asked:
    return Asked((await _shared(caller))["path"])


async def _run(caller: Caller) -> str:
    answer = await caller.say(await caller.session())
    return str(answer.json()["run"]["id"])


async def _a_run(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/runs/{await _run(caller)}")


async def _events(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/runs/{await _run(caller)}/events")


async def _cancel(caller: Caller, here: Caller) -> Asked:
    session = await caller.session(await caller.agent("scripted-stalls"))
    return Asked(f"/v1/runs/{await here.begin(session)}/cancel")


BUDGETS: Final[Budgets] = {
    **BUDGETS_OF_ACCOUNTS,
    **BUDGETS_OF_DIALECTS,
    ("POST", "/v1/users"): Budget(_sign_up, 1, 1),
    ("GET", "/v1/users/me"): Budget(fixed("/v1/users/me"), 2, 1),
    ("PATCH", "/v1/users/me"): Budget(fixed("/v1/users/me", {"name": "Grace"}), 3, 2),
    ("DELETE", "/v1/users/me"): Budget(fixed("/v1/users/me"), 12, 11),
    ("GET", "/v1/users/me/export"): Budget(fixed("/v1/users/me/export"), 12, 11),
    ("POST", "/v1/auth/login"): Budget(_log_in, 3, 3),
    ("POST", "/v1/auth/refresh"): Budget(_refresh, 2, 2),
    ("POST", "/v1/auth/logout"): Budget(fixed("/v1/auth/logout"), 3, 2),
    ("POST", "/v1/api-keys"): Budget(fixed("/v1/api-keys", {"name": "laptop"}), 2, 1),
    ("GET", "/v1/api-keys"): Budget(fixed("/v1/api-keys"), 2, 1),
    ("DELETE", "/v1/api-keys/{key_id}"): Budget(_revoke_key, 3, 2),
    ("GET", "/v1/agents"): Budget(fixed("/v1/agents"), 2, 0),
    ("GET", "/v1/agents/{agent_id}"): Budget(fixed("/v1/agents/einstein"), 2, 0),
    ("GET", "/v1/users/me/agents"): Budget(fixed("/v1/users/me/agents"), 2, 1),
    ("POST", "/v1/agents"): Budget(_make_agent, 2, 1),
    ("PATCH", "/v1/agents/{agent_id}"): Budget(_rename_agent, 3, 2),
    ("DELETE", "/v1/agents/{agent_id}"): Budget(_retire_agent, 3, 2),
    ("POST", "/v1/sessions"): Budget(fixed("/v1/sessions", {"agent_id": "einstein"}), 3, 1),
    ("GET", "/v1/sessions"): Budget(fixed("/v1/sessions"), 2, 0),
    ("GET", "/v1/sessions/{session_id}"): Budget(_a_session, 2, 0),
    ("PATCH", "/v1/sessions/{session_id}"): Budget(_retitle, 3, 2),
    ("DELETE", "/v1/sessions/{session_id}"): Budget(_a_session, 4, 3),
    ("POST", "/v1/sessions/{session_id}/share"): Budget(_unshared, 6, 4),
    ("GET", "/v1/sessions/{session_id}/share"): Budget(_link, 3, 2),
    ("DELETE", "/v1/sessions/{session_id}/share"): Budget(_link, 3, 2),
    ("GET", "/v1/shared/{token}"): Budget(_shared_page, 1, 1),
    ("GET", "/v1/sessions/{session_id}/messages"): Budget(_page, 2, 0),
    ("POST", "/v1/sessions/{session_id}/messages"): Budget(_say, 9, 7),
    ("GET", "/v1/runs/{run_id}"): Budget(_a_run, 2, 1),
    ("POST", "/v1/runs/{run_id}/cancel"): Budget(_cancel, 3, 2, repeated="runs.find"),
    ("GET", "/v1/runs/{run_id}/events"): Budget(_events, 3, 2),
    ("GET", "/livez"): Budget(fixed("/livez"), 0, 0),
    ("GET", "/readyz"): Budget(fixed("/readyz"), 1, 1),
    ("GET", "/metrics"): Budget(fixed("/metrics"), 0, 0),
    ("GET", "/docs"): Budget(fixed("/docs"), 0, 0),
    ("GET", "/schema/openapi.json"): Budget(fixed("/schema/openapi.json"), 0, 0),
}
