"""Being told all that is stored of one."""

import asyncio
import json
from collections import Counter
from typing import Any

from entrypoints.http.event_stream import OpenStreams
from tests.support.api import PASSWORD, Api, Caller, error_of
from tests.support.application import Application

EXPORT = "/v1/users/me/export"


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return the lines of an export, having looked at its first and its last."""
    lines = [json.loads(line) for line in text.splitlines()]
    first, *between, last = lines
    assert {key: first[key] for key in ("type", "version")} == {"type": "export", "version": 1}
    assert (last["type"], last["counts"]) == ("end", dict(Counter(line["type"] for line in between)))
    return lines


async def exported(caller: Caller) -> dict[str, list[dict[str, Any]]]:
    """Return all things that are stored of a caller, by type."""
    answer = await caller.get(EXPORT)
    assert answer.status_code == 200, answer.text
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines_of(answer.text)[1:-1]:
        found.setdefault(line["type"], []).append(line["data"])
    return found


class ExportSuite:
    async def test_it_is_a_file_of_lines_of_which_the_first_tells_whose_it_is(self, api: Api) -> None:
        caller = await api.sign_up()
        answer = await caller.get(EXPORT)
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.headers["content-disposition"].startswith('attachment; filename="onelast-')
        assert answer.headers["cache-control"] == "no-store"
        assert lines_of(answer.text)[0]["user_id"] == caller.user["id"]

    async def test_everything_that_a_user_has_is_in_it_as_the_api_shows_it(self, api: Api) -> None:
        caller = await api.sign_up()
        key = (await caller.post("/v1/api-keys", {"name": "laptop"})).json()
        slug = await caller.agent("scripted")
        session = await caller.session()
        said = (await caller.say(session, "Hello there!")).json()
        share = (await caller.post(f"/v1/sessions/{session}/share")).json()
        found = await exported(caller)
        assert found["user"][0].items() >= (await caller.get("/v1/users/me")).json().items()
        assert [one["id"] for one in found["api_key"]] == [key["id"]]
        assert [(one["slug"], one["retired"]) for one in found["agent"]] == [(slug, False)]
        assert found["session"] == [(await caller.get(f"/v1/sessions/{session}")).json()]
        assert found["message"] == [one | {"superseded": False} for one in await caller.messages(session)]
        assert found["run"] == [said["run"]]
        assert [one["id"] for one in found["share"]] == [share["id"]]
        assert [(one["id"], one["output_tokens"]) for one in found["usage_entry"]] == [
            (said["run"]["id"], said["run"]["usage"]["output_tokens"])
        ]
        assert [one["replies"] for one in found["usage_day"]] == [1]
        assert len(found["sign_in"]) == 1

    async def test_it_has_nobody_elses_things_and_no_secret(self, api: Api) -> None:
        caller, other = await api.sign_up(), await api.sign_up()
        secret = (await caller.post("/v1/api-keys", {"name": "laptop"})).json()["key"]
        for one in (caller, other):
            await one.say(await one.session(), f"I am {one.email}")
        share = (await caller.post(f"/v1/sessions/{await caller.session()}/share")).json()["token"]
        text = (await caller.get(EXPORT)).text
        assert f"I am {caller.email}" in text
        for absent in (other.email, other.user["id"], secret, caller.token, caller.signed_up["refresh_token"], share):
            assert absent not in text

    async def test_a_reply_that_another_has_replaced_is_in_it_and_marked(self, api: Api) -> None:
        caller = await api.sign_up()
        said = {"id": "1", "role": "user", "parts": [{"type": "text", "text": "Hi!"}]}
        chat = {"id": await caller.session(), "messages": [said]}
        assert (await caller.post("/v1/ai-sdk/chat", chat | {"trigger": "submit-message"})).status_code == 200
        assert (await caller.post("/v1/ai-sdk/chat", chat | {"trigger": "regenerate-message"})).status_code == 200
        found = await exported(caller)
        assert [(one["seq"], one["superseded"]) for one in found["message"]] == [(1, False), (2, True), (3, False)]
        assert len(found["run"]) == 2

    async def test_more_than_a_page_of_each_comes_whole_and_in_order(self, api: Api) -> None:
        caller = await api.sign_up()
        sessions = sorted([await caller.session() for _ in range(12)])
        for _ in range(3):
            await caller.say(sessions[0], "x" * 99_000)
        found = await exported(caller)
        assert [one["id"] for one in found["session"]] == sessions
        assert [one["seq"] for one in found["message"]] == [1, 2, 3, 4, 5, 6]

    async def test_strangers_are_told_nothing(self, api: Api) -> None:
        error_of(await api.http.get(EXPORT), 401)

    async def test_after_the_erasure_there_is_nothing_to_export(self, api: Api) -> None:
        caller = await api.sign_up()
        await caller.request("DELETE", "/v1/users/me")
        error_of(await caller.get(EXPORT), 401)


class ErasureSuite:
    async def test_a_link_leads_nowhere_on_any_node_when_its_owner_is_erased(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        await caller.say(session)
        path = (await caller.post(f"/v1/sessions/{session}/share")).json()["path"]
        elsewhere = Caller(neighbour.http, caller.signed_up, caller.email)
        assert [(await one.http.get(path)).status_code for one in (api, neighbour)] == [200, 200]
        assert (await elsewhere.get(f"/v1/sessions/{session}")).status_code == 200
        assert (await caller.request("DELETE", "/v1/users/me")).status_code == 200
        for one in (api, neighbour):
            error_of(await one.http.get(path), 404)
        error_of(await elsewhere.get(f"/v1/sessions/{session}"), 401)

    async def test_a_reply_that_is_being_made_is_stopped_first(
        self, api: Api, application: Application
    ) -> None:
        caller = await api.sign_up()
        run = await caller.begin(await caller.session(await caller.agent("scripted-stalls")))
        following = asyncio.create_task(caller.events(run))
        streams = await application.container.get(OpenStreams)
        while not len(streams):  # noqa: ASYNC110  (nobody tells us)
            await asyncio.sleep(0.01)
        assert (await caller.request("DELETE", "/v1/users/me")).status_code == 200
        events = await asyncio.wait_for(following, 10)
        assert [event["type"] for event in events[-2:]] == ["run.cancelled", "end"]

    async def test_whoever_signs_in_says_something_or_makes_a_key_at_the_same_moment_leaves_nothing(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        login = {"email": caller.email, "password": PASSWORD}
        answers = await asyncio.gather(
            caller.request("DELETE", "/v1/users/me"), caller.say(session), caller.post("/v1/api-keys", {"name": "late"}),
            api.http.post("/v1/auth/login", json=login), caller.post("/v1/sessions", {"agent_id": "einstein"}),
            caller.request("PATCH", "/v1/users/me", json={"name": "Late"}),
        )
        assert answers[0].status_code == 200
        assert all(answer.status_code < 500 for answer in answers)
        error_of(await caller.get("/v1/sessions"), 401)
        tokens = [answer.json()["access_token"] for answer in answers[3:4] if answer.status_code == 200]
        keys = [answer.json()["key"] for answer in answers[2:3] if answer.status_code == 201]
        for secret in (*tokens, *keys):
            caller.token = secret
            error_of(await caller.get("/v1/users/me"), 401)

    async def test_the_address_is_free_again_and_the_new_account_has_nothing_of_the_old(self, api: Api) -> None:
        caller = await api.sign_up()
        await caller.say(await caller.session())
        await caller.request("DELETE", "/v1/users/me")
        again = await api.http.post("/v1/users", json={"email": caller.email, "password": PASSWORD, "name": "Ada"})
        api.http.cookies.clear()
        newcomer = Caller(api.http, again.json(), caller.email)
        assert (await newcomer.get("/v1/sessions")).json()["data"] == []
        assert newcomer.user["id"] != caller.user["id"]
