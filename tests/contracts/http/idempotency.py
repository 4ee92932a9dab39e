"""`Idempotency-Key` on every write: carried out once, answered the same again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.contracts.http.writes import KEY, UNKNOWN, WRITES, Request, Write, everything_of, rename
from tests.support.api import Api, Caller, error_of

TIMES = 20
OF_STRANGERS = {"POST /v1/users", "POST /v1/auth/login", "POST /v1/auth/refresh"}
LetADayPass = Callable[[Caller], Awaitable[None]]
# A browser is told where to go next; what is stored is stored when it comes back.
STORES_NOTHING = {("POST", "/v1/auth/oidc/{name}/link")}
# A mailed token is its own key, who asks for a mail is nobody yet, and ending all sign-ins twice is the same as once.
NEED_NO_KEY = {
    ("POST", "/v1/auth/verify-email"), ("POST", "/v1/auth/password-reset"), ("POST", "/v1/auth/password-reset/confirm"),
    ("DELETE", "/v1/auth/sessions"),
}
# Their answers are of another kind: completions.py and ai_sdk.py tell of their repetitions.
ANSWERED_OTHERWISE = {
    ("POST", "/v1/chat/completions"), ("POST", "/v1/ai-sdk/chat"), ("POST", "/v1/ai-sdk/chat/{chat_id}/stop"),
}
every_write = pytest.mark.parametrize("write", WRITES, ids=str)
with_another_body = pytest.mark.parametrize("write", [write for write in WRITES if write.other is not None], ids=str)
of_signed_in = pytest.mark.parametrize("write", [write for write in WRITES if str(write) not in OF_STRANGERS], ids=str)


def is_replayed(answer: httpx.Response) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


def lasting(answer: httpx.Response, write: Write) -> Any:
    """Return what a repetition must be answered again."""
    if not write.fresh:
        return answer.status_code, answer.text, answer.headers.get("location")
    return answer.status_code, {name: value for name, value in answer.json().items() if name not in write.fresh}


def refused_as_reused(answer: httpx.Response) -> None:
    error = error_of(answer, 422)
    assert (error["code"], error["param"]) == ("idempotency_key_reused", "Idempotency-Key")


class ReplaySuite:
    """The fixtures `api` and `neighbour` give two nodes of one deployment."""

    async def test_every_writing_route_is_in_the_table_and_documents_the_header(self, api: Api) -> None:
        document = (await api.http.get("/schema/openapi.json")).json()
        writing = {
            (method.upper(), path): operation.get("parameters", [])
            for path, item in document["paths"].items()
            for method, operation in item.items() if method in {"post", "put", "patch", "delete"}
        }
        assert set(writing) - STORES_NOTHING - NEED_NO_KEY - ANSWERED_OTHERWISE == {write.route for write in WRITES}
        for parameters in [parameters for route, parameters in writing.items() if route not in STORES_NOTHING | NEED_NO_KEY]:
            (header,) = [one for one in parameters if one["name"].lower() == KEY]
            assert (header["in"], header["required"]) == ("header", False)
            assert (header["schema"]["minLength"], header["schema"]["maxLength"]) == (1, 255)

    @every_write
    async def test_a_repetition_is_answered_the_same_by_every_node_and_changes_nothing(
        self, api: Api, neighbour: Api, write: Write
    ) -> None:
        request = await write.ready(api)
        first = await request.send("k")
        assert first.is_success, first.text
        assert not is_replayed(first)
        before = await everything_of(request.caller)
        for node in (api, neighbour, api):
            again = await request.send("k", node.http)
            if write.ends:
                assert error_of(again, 401)["code"] == "invalid_token"
            else:
                assert lasting(again, write) == lasting(first, write)
                assert is_replayed(again)
        assert await everything_of(request.caller) == before

    @every_write
    async def test_an_answer_that_is_lost_on_the_way_is_told_again(
        self, api: Api, lossy: httpx.AsyncClient, write: Write
    ) -> None:
        request = await write.ready(api)
        with pytest.raises(ConnectionResetError):
            await request.send("k", lossy)
        before = await everything_of(request.caller)
        again = await patiently(request, "k")
        if write.ends:
            error_of(again, 401)
        else:
            assert is_replayed(again)
            assert lasting(await request.send("k"), write) == lasting(again, write)
        assert await everything_of(request.caller) == before

    @every_write
    async def test_of_twenty_at_once_one_is_carried_out(self, api: Api, neighbour: Api, write: Write) -> None:
        request = await write.ready(api)
        nodes = [api.http, neighbour.http] * (TIMES // 2)
        answers = await asyncio.gather(*(request.send("k", node) for node in nodes))
        done = [answer for answer in answers if answer.is_success]
        for answer in answers:
            if answer not in done:
                told = answer.json()["error"]["code"]
                assert told == ("invalid_token" if write.ends else "idempotency_in_progress")
        assert len({str(lasting(answer, write)) for answer in done}) == 1
        assert write.ends or sum(not is_replayed(answer) for answer in done) == 1
        before = await everything_of(request.caller)
        await patiently(request, "k")
        assert await everything_of(request.caller) == before
        if write.route[0] == "POST":
            assert sizes(before) == sizes(await self._once(api, write))

    async def _once(self, api: Api, write: Write) -> dict[str, Any]:
        """Return all that another user has after a single request without a key."""
        request = await write.ready(api)
        assert (await request.send(None)).is_success
        return await everything_of(request.caller)

    async def test_without_a_key_each_request_is_carried_out(self, api: Api) -> None:
        caller = await api.sign_up()
        answers = [await caller.post("/v1/sessions", {"agent_id": "einstein"}) for _ in range(2)]
        assert not any(is_replayed(answer) for answer in answers)
        assert len((await caller.get("/v1/sessions")).json()["data"]) == 2

    async def test_keys_are_each_users_own(self, api: Api) -> None:
        requests = [await open_one(await api.sign_up()) for _ in range(2)]
        answers = [await request.send("same") for request in requests]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert not any(is_replayed(answer) for answer in answers)
        assert answers[0].json()["id"] != answers[1].json()["id"]

    async def test_after_a_day_a_key_is_free_again(self, api: Api, let_a_day_pass: LetADayPass) -> None:
        caller = await program_of(await api.sign_up())
        for path, body in (("/v1/sessions", {"agent_id": "einstein"}), ("/v1/api-keys", {"name": "laptop"})):
            request = Request("POST", path, caller, body)
            first = await request.send(f"k {path}")
            assert is_replayed(await request.send(f"k {path}"))
            await let_a_day_pass(caller)
            again = await request.send(f"k {path}")
            assert (again.status_code, is_replayed(again)) == (201, False)
            assert again.json()["id"] != first.json()["id"]


class ReuseSuite:
    """One key is for one request."""

    @with_another_body
    async def test_another_body_is_refused_and_changes_nothing(self, api: Api, write: Write) -> None:
        request = await write.ready(api)
        await request.send("k")
        before = await everything_of(request.caller)
        body = write.other | ({"email": request.caller.email} if "email" in write.other else {})
        refused_as_reused(await Request(request.method, request.path, request.caller, body, request.anonymous).send("k"))
        assert await everything_of(request.caller) == before

    @of_signed_in
    @pytest.mark.parametrize(
        ("path", "body"), [("/v1/sessions", {"agent_id": "ada"}), ("/v1/api-keys", {"name": "phone"})], ids=["shard", "catalog"]
    )
    async def test_a_key_of_another_request_is_refused_wherever_that_was_kept(
        self, api: Api, write: Write, path: str, body: dict[str, str]
    ) -> None:
        request = await write.ready(api)
        assert (await Request("POST", path, request.caller, body).send("k")).status_code == 201
        before = await everything_of(request.caller)
        refused_as_reused(await request.send("k"))
        assert await everything_of(request.caller) == before

    @every_write
    async def test_the_key_of_every_write_is_refused_on_another_path(self, api: Api, write: Write) -> None:
        request = await write.ready(api)
        answer = await request.send("k")
        if write.ends:
            return
        token = answer.json().get("access_token") if answer.content else None
        caller = Caller(api.http, {"user": {}, "access_token": token or request.caller.token}, request.caller.email)
        for path, body in (("/v1/sessions", {"agent_id": "ada"}), ("/v1/api-keys", {"name": "phone"})):
            if path != request.path:
                refused_as_reused(await Request("POST", path, caller, body).send("k"))

    async def test_the_query_is_of_the_request(self, api: Api) -> None:
        request = await open_one(await api.sign_up())
        await request.send("k")
        refused_as_reused(await Request("POST", request.path + "?x=1", request.caller, request.body).send("k"))

    @pytest.mark.parametrize("path", ["/v1/auth/login", "/v1/auth/refresh"])
    async def test_signing_in_with_the_key_of_another_request_is_refused(self, api: Api, path: str) -> None:
        (write,) = [write for write in WRITES if write.route[1] == path]
        request = await write.ready(api)
        await Request("PATCH", "/v1/users/me", request.caller, {"name": "Grace"}).send("k")
        refused_as_reused(await request.send("k"))
        assert (await request.send("another")).status_code == 200

    @every_write
    @pytest.mark.parametrize("key", ["", "   ", "x" * 256], ids=["empty", "blank", "too long"])
    async def test_a_key_has_1_to_255_characters(self, api: Api, write: Write, key: str) -> None:
        request = await write.ready(api)
        before = await everything_of(request.caller)
        error = error_of(await request.send(key), 422)
        assert (error["code"], error["param"]) == ("invalid", "Idempotency-Key")
        assert await everything_of(request.caller) == before
        assert (await request.send("x" * 255)).is_success


class RefusalSuite:
    """Only what was carried out is remembered."""

    async def test_a_refused_request_may_be_repeated_with_its_key_when_it_is_mended(self, api: Api) -> None:
        caller = await api.sign_up()
        for agent, status in ((7, 422), ("nobody-of-that-name", 404), ("einstein", 201)):
            answer = await Request("POST", "/v1/sessions", caller, {"agent_id": agent}).send("k")
            assert (answer.status_code, is_replayed(answer)) == (status, False)

    async def test_a_request_that_was_refused_for_what_has_passed_is_carried_out_later(self, api: Api) -> None:
        owner, caller = await api.sign_up(), await api.sign_up()
        agent = {"slug": f"slug-{caller.user['id'].rpartition('_')[2]}", "name": "Guide", "persona": "You are a guide."}
        taken = (await owner.post("/v1/agents", agent)).json()["id"]
        request = Request("POST", "/v1/agents", caller, agent)
        assert error_of(await request.send("k"), 409)["code"] == "slug_taken"
        await owner.request("DELETE", f"/v1/agents/{taken}")
        made = await request.send("k")
        assert (made.status_code, is_replayed(made)) == (201, False)
        assert (await request.send("k")).text == made.text

    async def test_a_repetition_is_told_the_same_when_what_it_made_is_gone(self, api: Api) -> None:
        request = await open_one(await api.sign_up())
        first = await request.send("k")
        await request.caller.request("DELETE", f"/v1/sessions/{first.json()['id']}")
        assert (await request.send("k")).text == first.text
        error_of(await request.caller.get(f"/v1/sessions/{first.json()['id']}"), 404)

    async def test_a_stranger_learns_nothing_by_a_key(self, api: Api) -> None:
        request = await rename(api)
        await request.send("k")
        stranger = Caller(api.http, {"user": {}, "access_token": "olt_unknown"}, "")
        error_of(await Request("PATCH", request.path, stranger, request.body).send("k"), 401)
        other = await api.sign_up()
        missing = Request("PATCH", f"/v1/sessions/session_{UNKNOWN}", other, {"title": "X"})
        assert error_of(await missing.send("k"), 404)["code"] == "session_not_found"


async def open_one(caller: Caller) -> Request:
    """Return a request to open a session."""
    return Request("POST", "/v1/sessions", caller, {"agent_id": "einstein"})


async def program_of(caller: Caller) -> Caller:
    """Return the client of a program, whose key does not expire."""
    secret = (await caller.post("/v1/api-keys", {"name": "program"})).json()["key"]
    return Caller(caller.http, caller.signed_up | {"access_token": secret}, caller.email)


async def patiently(request: Request, key: str) -> httpx.Response:
    """Return the answer, sent again while it says to come back."""
    while True:
        answer = await request.send(key)
        if answer.status_code != 409 or answer.json()["error"]["code"] != "idempotency_in_progress":
            return answer
        await asyncio.sleep(0.02)


def sizes(seen: dict[str, Any]) -> list[int]:
    """Return how many things of each kind there are, and how many messages."""
    lists = [body["data"] for body in seen.values() if isinstance(body, dict) and "data" in body]
    return [*map(len, lists), sum(len(body) for body in seen.values() if isinstance(body, list))]
