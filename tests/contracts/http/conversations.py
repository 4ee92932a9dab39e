"""Sessions, messages and runs."""

import asyncio
from typing import Any

import pytest

from adapters.models.scripted import Script, ScriptedModel
from tests.support.api import Api, error_of, events_of, text_of

REPLY = Script().text
UNKNOWN = "0000000000g008000000000000"


class SessionsSuite:
    async def test_a_session_is_opened_read_changed_and_deleted(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await caller.post("/v1/sessions", {"agent_id": "einstein", "title": " Time ", "metadata": {"shelf": "physics"}})
        session = made.json()
        assert made.status_code == 201
        assert set(session) == {
            "id", "object", "agent_id", "title", "head_seq", "archived", "metadata", "created_at", "updated_at"
        }
        assert (session["object"], session["title"], session["head_seq"], session["archived"]) == ("session", "Time", 0, False)
        path = f"/v1/sessions/{session['id']}"
        assert (await caller.get(path)).json() == session
        changed = await caller.request("PATCH", path, json={"title": None, "archived": True, "metadata": {}})
        assert (changed.json()["title"], changed.json()["archived"], changed.json()["metadata"]) == (None, True, {})
        assert (await caller.get(path)).json() == changed.json()
        assert error_of(await caller.say(session["id"]), 409)["code"] == "session_archived"
        assert (await caller.request("DELETE", path)).json() == {"id": session["id"], "object": "session", "deleted": True}
        for answer in (await caller.get(path), await caller.request("DELETE", path), await caller.say(session["id"])):
            assert error_of(answer, 404)["code"] == "session_not_found"

    async def test_an_agent_may_be_named_by_identifier(self, api: Api) -> None:
        caller = await api.sign_up()
        agent = (await api.http.get("/v1/agents/einstein")).json()
        made = await caller.post("/v1/sessions", {"agent_id": agent["id"]})
        assert made.json()["agent_id"] == agent["id"]
        error = error_of(await caller.post("/v1/sessions", {"agent_id": "nobody"}), 404)
        assert (error["code"], error["param"]) == ("agent_not_found", "agent_id")

    async def test_lists_are_paged_both_ways_and_filtered(self, api: Api) -> None:
        caller = await api.sign_up()
        made = [await caller.session() for _ in range(5)]
        await caller.request("PATCH", f"/v1/sessions/{made[2]}", json={"archived": True})

        async def page(**params: Any) -> tuple[list[str], bool]:
            body = (await caller.get("/v1/sessions", params=params)).json()
            ids = [session["id"] for session in body["data"]]
            assert (body["first_id"], body["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
            return ids, body["has_more"]

        newest = sorted(made, reverse=True)
        assert await page() == (newest, False)
        assert await page(limit=2) == (newest[:2], True)
        assert await page(limit=2, after=newest[1]) == (newest[2:4], True)
        assert await page(limit=2, after=newest[3]) == (newest[4:], False)
        assert await page(limit=2, before=newest[4]) == (newest[2:4], True)
        assert await page(order="asc", limit=3) == (newest[::-1][:3], True)
        assert await page(archived="true") == ([made[2]], False)
        assert made[2] not in (await page(archived="false"))[0]

    @pytest.mark.parametrize(
        ("params", "param"),
        [
            ({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": "many"}, "limit"), ({"order": "up"}, "order"),
            ({"after": "x"}, "after"), ({"before": f"message_{UNKNOWN}"}, "before"), ({"archived": "perhaps"}, "archived"),
        ],
    )
    async def test_a_bad_query_is_named(self, api: Api, params: dict[str, str], param: str) -> None:
        caller = await api.sign_up()
        assert error_of(await caller.get("/v1/sessions", params=params), 422)["param"] == param

    @pytest.mark.parametrize(
        ("body", "param"),
        [
            ({}, "agent_id"), ({"agent_id": 5}, "agent_id"), ({"agent_id": "einstein", "title": "x" * 201}, "title"),
            ({"agent_id": "einstein", "metadata": {"a": 1}}, "metadata"), ({"agent_id": "einstein", "head_seq": 9}, "head_seq"),
            ({"agent_id": "einstein", "metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ],
    )
    async def test_a_wrong_field_of_a_session_is_named(self, api: Api, body: dict[str, Any], param: str) -> None:
        caller = await api.sign_up()
        named = error_of(await caller.post("/v1/sessions", body), 422)["param"]
        assert named.split(".")[0] == param
        assert (await caller.get("/v1/sessions")).json()["data"] == []

    async def test_another_users_things_are_not_found(self, api: Api) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        session = await owner.session()
        run = (await owner.say(session)).json()["run"]["id"]
        for method, path, body in (
            ("GET", f"/v1/sessions/{session}", None), ("PATCH", f"/v1/sessions/{session}", {"title": "X"}),
            ("DELETE", f"/v1/sessions/{session}", None), ("GET", f"/v1/sessions/{session}/messages", None),
            ("POST", f"/v1/sessions/{session}/messages", {"content": "Hi"}), ("GET", f"/v1/runs/{run}", None),
            ("POST", f"/v1/runs/{run}/cancel", None), ("GET", f"/v1/runs/{run}/events", None),
        ):
            foreign = error_of(await other.request(method, path, json=body), 404)
            nowhere = path.replace(session, f"session_{UNKNOWN}").replace(run, f"run_{UNKNOWN}")
            missing = error_of(await other.request(method, nowhere, json=body), 404)
            assert foreign["code"] == missing["code"]
        assert len(await owner.messages(session)) == 2


class MessagesSuite:
    async def test_a_message_is_answered_and_both_are_kept(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        answer = await caller.say(session, "What is time?")
        body = answer.json()
        assert answer.status_code == 201
        assert set(body) == {"message", "reply", "run"}
        assert body["message"]["content"] == [{"type": "text", "text": "What is time?"}]
        assert (body["message"]["seq"], body["reply"]["seq"]) == (1, 2)
        assert body["reply"]["content"] == [{"type": "text", "text": REPLY}]
        assert (body["reply"]["role"], body["reply"]["status"]) == ("assistant", "completed")
        assert body["reply"]["run_id"] == body["run"]["id"]
        assert (body["run"]["status"], body["run"]["attempt"], body["run"]["error"]) == ("completed", 1, None)
        assert body["run"]["usage"]["output_tokens"] == 9
        assert await caller.messages(session) == [body["message"], body["reply"]]
        assert (await caller.get(f"/v1/sessions/{session}")).json()["head_seq"] == 2
        assert (await caller.get(f"/v1/runs/{body['run']['id']}")).json() == body["run"]

    async def test_a_reply_streams_with_numbers_without_gaps_and_an_end(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        answer = await caller.say(session, stream=True)
        events = events_of(answer.text)
        run = events[0]["run"]["id"]
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["location"] == f"/v1/runs/{run}/events"
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert {event["run_id"] for event in events} == {run}
        kinds = [event["type"] for event in events]
        assert (kinds[0], kinds[-2], kinds[-1]) == ("run.created", "message.completed", "end")
        assert set(kinds[1:-2]) == {"message.delta"}
        assert text_of(events) == REPLY
        said, reply = await caller.messages(session)
        assert (events[0]["message"], events[-2]["message"]) == (said, reply)
        assert events[-1]["status"] == "completed"
        assert events[-2]["usage"]["output_tokens"] == 9

    async def test_a_stream_is_joined_again_at_any_cursor(self, api: Api) -> None:
        caller = await api.sign_up()
        whole = events_of((await caller.say(await caller.session(), stream=True)).text)
        run = whole[0]["run_id"]
        assert await caller.events(run) == whole
        assert await caller.events(run, params={"starting_after": -1}) == whole
        for cursor in range(1, len(whole)):
            assert await caller.events(run, params={"starting_after": cursor}) == whole[cursor:]
            assert await caller.events(run, headers={"last-event-id": str(cursor)}) == whole[cursor:]
        assert await caller.events(run, params={"starting_after": len(whole)}) == whole[-1:]
        by_header = await caller.get(f"/v1/runs/{run}/events", headers={"last-event-id": "x"})
        assert error_of(by_header, 422)["param"] == "Last-Event-ID"
        assert error_of(await caller.get(f"/v1/runs/{run}/events?starting_after=x"), 422)["param"] == "starting_after"

    async def test_respond_async_names_the_run_to_follow(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        answer = await caller.post(f"/v1/sessions/{session}/messages", {"content": "Hi"}, headers={"prefer": "respond-async"})
        body = answer.json()
        assert answer.status_code == 202
        assert set(body) == {"message", "run"}
        assert answer.headers["location"] == f"/v1/runs/{body['run']['id']}"
        events = await caller.events(body["run"]["id"])
        assert text_of(events) == REPLY

    async def test_content_may_come_in_parts(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
        answer = await caller.post(f"/v1/sessions/{session}/messages", {"content": parts})
        assert answer.json()["message"]["content"] == parts

    @pytest.mark.parametrize(
        ("body", "param"),
        [
            ({}, "content"), ({"content": ""}, "content"), ({"content": "  "}, "content"), ({"content": []}, "content"),
            ({"content": "x" * 100_001}, "content"), ({"content": "a\x00b"}, "content"), ({"content": 5}, "content"),
            ({"content": [{"type": "image", "text": "x"}]}, "content"), ({"content": "x", "stream": "perhaps"}, "stream"),
            ({"content": "x", "on_active": "shout"}, "on_active"), ({"content": "x", "temperature": 1}, "temperature"),
            ({"content": "x", "client_message_id": ""}, "client_message_id"),
        ],
    )
    async def test_a_wrong_field_of_a_message_is_named_and_nothing_is_kept(
        self, api: Api, body: dict[str, Any], param: str
    ) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        named = error_of(await caller.post(f"/v1/sessions/{session}/messages", body), 422)["param"]
        assert named.split(".")[0].split("[")[0] == param
        assert await caller.messages(session) == []

    async def test_a_body_over_a_megabyte_is_a_413(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        assert error_of(await caller.say(session, "x" * 1_100_000), 413)["code"] == "body_too_large"
        assert await caller.messages(session) == []

    async def test_a_cursor_of_another_session_is_refused(self, api: Api) -> None:
        caller = await api.sign_up()
        one, two = await caller.session(), await caller.session()
        message = (await caller.say(one)).json()["message"]["id"]
        answer = await caller.get(f"/v1/sessions/{two}/messages", params={"after": message})
        assert error_of(answer, 422)["param"] == "after"

    async def test_messages_are_paged_by_number(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        for number in range(3):
            await caller.say(session, str(number))
        everything = await caller.messages(session)
        assert [message["seq"] for message in everything] == [1, 2, 3, 4, 5, 6]
        newest = (await caller.get(f"/v1/sessions/{session}/messages", params={"limit": 2})).json()
        assert ([message["seq"] for message in newest["data"]], newest["has_more"]) == ([6, 5], True)
        older = (await caller.get(f"/v1/sessions/{session}/messages", params={"limit": 4, "after": newest["last_id"]})).json()
        assert ([message["seq"] for message in older["data"]], older["has_more"]) == ([4, 3, 2, 1], False)

    async def test_of_two_messages_at_once_one_is_refused(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted-slow"))
        answers = await asyncio.gather(caller.say(session, "one"), caller.say(session, "two"))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert error_of(refused, 409)["code"] == "run_active"
        assert len(await caller.messages(session)) == 2

    async def test_a_repeated_message_is_said_once(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        first = (await caller.say(session, "Hi", client_message_id="m-1")).json()
        again = (await caller.say(session, "Hi", client_message_id="m-1")).json()
        assert again == first
        assert first["message"]["client_message_id"] == "m-1"
        streamed = events_of((await caller.say(session, "Hi", client_message_id="m-1", stream=True)).text)
        assert text_of(streamed) == REPLY
        assert len(await caller.messages(session)) == 2


class RunsSuite:
    async def test_a_cancelled_run_keeps_the_text_so_far(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        run = await caller.begin(session)
        await asyncio.sleep(0.05)
        cancelled = await caller.post(f"/v1/runs/{run}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        _, reply = await caller.messages(session)
        assert (reply["status"], reply["content"][0]["text"]) == ("cancelled", "Well, let me ")
        events = await caller.events(run)
        assert [event["type"] for event in events[-2:]] == ["run.cancelled", "end"]
        assert events[-1]["status"] == "cancelled"
        assert text_of(events) == "Well, let me "
        again = await caller.post(f"/v1/runs/{run}/cancel")
        assert again.json() == cancelled.json()

    async def test_interrupting_ends_the_old_reply_and_begins_a_new_one(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        old = await caller.begin(session, "one")
        await asyncio.sleep(0.05)
        new = await caller.begin(session, "two", on_active="interrupt")
        await asyncio.sleep(0.05)
        await caller.post(f"/v1/runs/{new}/cancel")
        assert (await caller.get(f"/v1/runs/{old}")).json()["status"] == "cancelled"
        texts = [message["content"][0]["text"] for message in await caller.messages(session)]
        assert texts == ["one", "Well, let me ", "two", "Well, let me "]
        assert [turn.text for turn in scripted.requests[-1].turns[1:]] == ["one", "Well, let me ", "two"]

    @pytest.mark.parametrize(
        ("model", "kept"), [("scripted-refuses", ""), ("scripted-breaks", "Well, let me "), ("scripted-empty", "")]
    )
    async def test_a_failing_model_fails_the_run_and_the_message_is_kept(self, api: Api, model: str, kept: str) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent(model))
        answer = await caller.say(session, "Hello?")
        body = answer.json()
        assert answer.status_code == 201
        assert body["run"]["status"] == "failed"
        assert body["run"]["error"]["code"] in ("model_unavailable", "empty_reply")
        assert "script" not in body["run"]["error"]["message"]
        assert (body["reply"]["content"][0]["text"] if body["reply"] else "") == kept
        events = await caller.events(body["run"]["id"])
        assert [event["type"] for event in events[-2:]] == ["run.failed", "end"]
        assert events[-2]["error"] == body["run"]["error"]
        assert (await caller.messages(session))[0]["content"][0]["text"] == "Hello?"

    async def test_after_a_failure_the_session_goes_on(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        scripted.down = True
        try:
            failed = (await caller.say(session, "Anybody?")).json()
        finally:
            scripted.down = False
        assert (failed["run"]["status"], failed["reply"]) == ("failed", None)
        assert (await caller.say(session, "And now?")).json()["run"]["status"] == "completed"
        assert [message["seq"] for message in await caller.messages(session)] == [1, 2, 3]

    async def test_the_model_sees_the_persona_and_what_was_said(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted"))
        await caller.say(session, "one")
        await caller.say(session, "two")
        turns = [(turn.role, turn.text) for turn in scripted.requests[-1].turns]
        assert turns == [("system", "You are a test."), ("user", "one"), ("assistant", REPLY), ("user", "two")]

    async def test_deleting_a_session_stops_its_reply(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted-hangs"))
        run = await caller.begin(session)
        await asyncio.sleep(0.05)
        active = scripted.active
        assert (await caller.request("DELETE", f"/v1/sessions/{session}")).status_code == 200
        assert scripted.active == active - 1
        error_of(await caller.get(f"/v1/runs/{run}"), 404)

    async def test_a_retired_agent_takes_no_messages_but_its_sessions_stay(self, api: Api) -> None:
        caller = await api.sign_up()
        slug = await caller.agent("scripted")
        session = await caller.session(slug)
        await caller.say(session)
        agent = (await caller.get(f"/v1/agents/{slug}")).json()
        await caller.request("DELETE", f"/v1/agents/{agent['id']}")
        assert error_of(await caller.say(session), 409)["code"] == "agent_retired"
        assert len(await caller.messages(session)) == 2
