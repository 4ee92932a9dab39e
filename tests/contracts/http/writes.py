"""Every request that changes something, ready to be made: the table that the idempotency suites go through."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.support.api import PASSWORD, Api, Caller, new_email

KEY: Final = "idempotency-key"
UNKNOWN: Final = "0000000000g008000000000000"


@dataclass(frozen=True)
class Request:
    """A request; `caller` is whose things it changes, and whose token it bears unless it is `anonymous`."""

    method: str
    path: str
    caller: Caller
    body: Any = None
    anonymous: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, key: str | None, through: httpx.AsyncClient | None = None) -> httpx.Response:
        """Return the answer; `through` is another node's client."""
        http = through or self.caller.http
        headers = self.headers | ({} if key is None else {KEY: key})
        if not self.anonymous:
            headers["authorization"] = f"Bearer {self.caller.token}"
        answer = await http.request(self.method, self.path, json=self.body, headers=headers)
        http.cookies.clear()
        return answer


Ready = Callable[[Api], Awaitable[Request]]


@dataclass(frozen=True)
class Write:
    """A writing route, and how a request of it is made ready for a new user; `other` is the body of another request.

    `ends` tells that the caller's token is refused afterwards; `fresh` names what is new in the answer to a repetition.
    """

    route: tuple[str, str]
    ready: Ready
    other: Any = None
    ends: bool = False
    fresh: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return " ".join(self.route)


_TOKENS: Final = frozenset({"access_token", "refresh_token"})
WRITES: Final[list[Write]] = []


def _write(method: str, path: str, **named: Any) -> Callable[[Ready], Ready]:
    def add(ready: Ready) -> Ready:
        WRITES.append(Write((method, path), ready, **named))
        return ready

    return add


@_write("POST", "/v1/users", other={"email": "x@example.com", "password": PASSWORD, "name": "Grace"}, fresh=_TOKENS)
async def sign_up(api: Api) -> Request:
    email = new_email()
    nobody = Caller(api.http, {"user": {}, "access_token": "olt_nobody"}, email)
    return Request("POST", "/v1/users", nobody, {"email": email, "password": PASSWORD, "name": "Ada"}, anonymous=True)


@_write("PATCH", "/v1/users/me", other={"name": "Ada"})
async def rename(api: Api) -> Request:
    return Request("PATCH", "/v1/users/me", await api.sign_up(), {"name": "Grace"})


@_write("DELETE", "/v1/users/me", ends=True)
async def erase(api: Api) -> Request:
    return Request("DELETE", "/v1/users/me", await api.sign_up())


@_write("POST", "/v1/auth/login", fresh=_TOKENS)
async def log_in(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("POST", "/v1/auth/login", caller, {"email": caller.email, "password": PASSWORD}, anonymous=True)


@_write("POST", "/v1/auth/refresh")
async def refresh(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("POST", "/v1/auth/refresh", caller, {"refresh_token": caller.signed_up["refresh_token"]}, anonymous=True)


@_write("POST", "/v1/auth/logout", ends=True)
async def log_out(api: Api) -> Request:
    return Request("POST", "/v1/auth/logout", await api.sign_up())


@_write("POST", "/v1/api-keys", other={"name": "desktop"})
async def make_key(api: Api) -> Request:
    return Request("POST", "/v1/api-keys", await api.sign_up(), {"name": "laptop"})


@_write("POST", "/v1/auth/verify-email/resend")
async def resend(api: Api) -> Request:
    return Request("POST", "/v1/auth/verify-email/resend", await api.sign_up())


@_write("POST", "/v1/users/me/password", other={"current_password": PASSWORD, "new_password": "yet another one"})
async def change_password(api: Api) -> Request:
    body = {"current_password": PASSWORD, "new_password": "quite another one"}
    return Request("POST", "/v1/users/me/password", await api.sign_up(), body)


@_write("DELETE", "/v1/auth/sessions/{sign_in_id}")
async def end_sign_in(api: Api) -> Request:
    caller = await api.sign_up()
    await api.http.post("/v1/auth/login", json={"email": caller.email, "password": PASSWORD})
    api.http.cookies.clear()
    sign_ins = (await caller.get("/v1/auth/sessions")).json()["data"]
    [other] = [one["id"] for one in sign_ins if not one["current"]]
    return Request("DELETE", f"/v1/auth/sessions/{other}", caller)


@_write("DELETE", "/v1/api-keys/{key_id}")
async def revoke_key(api: Api) -> Request:
    caller = await api.sign_up()
    key = (await caller.post("/v1/api-keys", {"name": "laptop"})).json()["id"]
    return Request("DELETE", f"/v1/api-keys/{key}", caller)


@_write("PATCH", "/v1/admin/users/{user_id}", other={"plan": "standard"})
async def change_standing(api: Api) -> Request:
    caller = await api.sign_up()
    await api.promote(caller)
    return Request("PATCH", f"/v1/admin/users/{caller.user['id']}", caller, {"plan": "pro", "limits": {"file_bytes": 7}})


@_write("POST", "/v1/agents", other={"slug": "another", "name": "Another", "persona": "You are another."})
async def make_agent(api: Api) -> Request:
    caller = await api.sign_up()
    slug = f"slug-{caller.user['id'].rpartition('_')[2]}"
    return Request("POST", "/v1/agents", caller, {"slug": slug, "name": "Guide", "persona": "You are a guide."})


@_write("PATCH", "/v1/agents/{agent_id}", other={"name": "Guide"})
async def edit_agent(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("PATCH", f"/v1/agents/{await own_agent(caller)}", caller, {"name": "Pathfinder", "sampling": {"top_p": 0.3}})


@_write("DELETE", "/v1/agents/{agent_id}")
async def retire_agent(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("DELETE", f"/v1/agents/{await own_agent(caller)}", caller)


@_write("POST", "/v1/sessions", other={"agent_id": "curie"})
async def open_session(api: Api) -> Request:
    body = {"agent_id": "einstein", "title": "Time", "metadata": {"shelf": "physics", "a": "1"}}
    return Request("POST", "/v1/sessions", await api.sign_up(), body)


@_write("PATCH", "/v1/sessions/{session_id}", other={"title": "Space"})
async def edit_session(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("PATCH", f"/v1/sessions/{await caller.session()}", caller, {"title": "Time", "archived": True})


@_write("DELETE", "/v1/sessions/{session_id}")
async def delete_session(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("DELETE", f"/v1/sessions/{await caller.session()}", caller)


@_write("POST", "/v1/sessions/{session_id}/share")
async def share(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("POST", f"/v1/sessions/{await caller.session()}/share", caller)


@_write("DELETE", "/v1/sessions/{session_id}/share")
async def revoke_share(api: Api) -> Request:
    caller = await api.sign_up()
    path = f"/v1/sessions/{await caller.session()}/share"
    await caller.post(path)
    return Request("DELETE", path, caller)


@_write("POST", "/v1/sessions/{session_id}/messages", other={"content": "Goodbye!"})
async def say(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("POST", f"/v1/sessions/{await caller.session()}/messages", caller, {"content": "Hello!"})


@_write("POST", "/v1/runs/{run_id}/cancel")
async def cancel(api: Api) -> Request:
    caller = await api.sign_up()
    run = await caller.begin(await caller.session(await caller.agent("scripted-hangs")))
    return Request("POST", f"/v1/runs/{run}/cancel", caller)


@_write("POST", "/v1/responses", other={"model": "einstein", "input": "Goodbye!"})
async def make_response(api: Api) -> Request:
    body = {"model": "einstein", "input": "Hello!", "metadata": {"shelf": "physics"}}
    return Request("POST", "/v1/responses", await api.sign_up(), body)


@_write("POST", "/v1/responses/{response_id}/cancel")
async def cancel_response(api: Api) -> Request:
    caller = await api.sign_up()
    body = {"model": "scripted-hangs", "input": "Hello!", "background": True}
    return Request("POST", f"/v1/responses/{(await caller.post('/v1/responses', body)).json()['id']}/cancel", caller)


@_write("DELETE", "/v1/responses/{response_id}")
async def delete_response(api: Api) -> Request:
    caller = await api.sign_up()
    response = (await caller.post("/v1/responses", {"model": "einstein", "input": "Hello!"})).json()["id"]
    return Request("DELETE", f"/v1/responses/{response}", caller)


@_write("POST", "/v1/conversations", other={"metadata": {}})
async def open_conversation(api: Api) -> Request:
    body = {"metadata": {"shelf": "physics"}, "items": [{"role": "user", "content": "Hello!"}]}
    return Request("POST", "/v1/conversations", await api.sign_up(), body)


@_write("POST", "/v1/conversations/{conversation_id}", other={"metadata": {"shelf": "cooking"}})
async def edit_conversation(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("POST", f"/v1/conversations/{await caller.session()}", caller, {"metadata": {"shelf": "physics"}})


@_write("DELETE", "/v1/conversations/{conversation_id}")
async def delete_conversation(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("DELETE", f"/v1/conversations/{await caller.session()}", caller)


_ITEMS: Final = [{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hello, you!"}]


@_write("POST", "/v1/conversations/{conversation_id}/items", other={"items": _ITEMS[:1]})
async def add_items(api: Api) -> Request:
    caller = await api.sign_up()
    return Request("POST", f"/v1/conversations/{await caller.session()}/items", caller, {"items": _ITEMS})


@_write("DELETE", "/v1/conversations/{conversation_id}/items/{item_id}")
async def remove_item(api: Api) -> Request:
    caller = await api.sign_up()
    path = f"/v1/conversations/{await caller.session()}/items"
    item = (await caller.post(path, {"items": _ITEMS})).json()["last_id"]
    return Request("DELETE", f"{path}/{item}", caller)


async def own_agent(caller: Caller) -> str:
    """Return the identifier of a new agent of the caller's."""
    return str((await caller.get(f"/v1/agents/{await caller.agent('default')}")).json()["id"])


async def everything_of(caller: Caller) -> dict[str, Any]:
    """Return all that the caller can see of what is theirs; nothing when the token is refused."""
    paths = ["/v1/users/me", "/v1/api-keys", "/v1/users/me/agents", "/v1/sessions"]
    seen = {path: await caller.get(path) for path in paths}
    if any(answer.status_code == 401 for answer in seen.values()):
        return {}
    bodies = {path: answer.json() for path, answer in seen.items()}
    for session in bodies["/v1/sessions"]["data"]:
        bodies[session["id"]] = await caller.messages(session["id"])
        shared = await caller.get(f"/v1/sessions/{session['id']}/share")
        bodies[f"share of {session['id']}"] = shared.json() if shared.status_code == 200 else None
    return bodies
