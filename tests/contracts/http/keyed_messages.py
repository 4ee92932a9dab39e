"""Repeated messages: a stream is joined, a reply that is awaited is told when it is whole, and nothing is said twice."""

import asyncio
from typing import Any

import httpx
import pytest

from adapters.models.scripted import Script, ScriptedModel
from tests.contracts.http.idempotency import is_replayed
from tests.contracts.http.writes import Request
from tests.support.api import Api, Caller, error_of, events_of, text_of

REPLY = Script().text


async def message(caller: Caller, *, model: str = "scripted", headers: dict[str, str] | None = None, **fields: Any) -> Request:
    """Return a message in a new session with an agent of this model."""
    session = await caller.session(await caller.agent(model))
    return Request("POST", f"/v1/sessions/{session}/messages", caller, {"content": "Hi", **fields}, headers=headers or {})


async def begun(request: Request) -> dict[str, Any]:
    """Return the message once it is stored."""
    while True:
        said = await request.caller.messages(request.path.split("/")[3])
        if said:
            return said[0]
        await asyncio.sleep(0.01)


class KeyedMessageSuite:
    async def test_a_repeated_stream_joins_the_one_that_runs_and_sees_every_event(self, api: Api, neighbour: Api) -> None:
        request = await message(await api.sign_up(), model="scripted-slow", stream=True)
        first = asyncio.create_task(request.send("k"))
        await begun(request)
        again = await asyncio.gather(*(request.send("k", node.http) for node in (api, neighbour, api)))
        assert not first.done() or is_replayed(again[0])
        whole = events_of((await first).text)
        assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
        assert text_of(whole) == REPLY
        for answer in again:
            assert is_replayed(answer)
            assert events_of(answer.text) == whole
            assert answer.headers["location"] == first.result().headers["location"]
        assert not is_replayed(first.result())

    async def test_a_repeated_stream_of_a_reply_that_is_whole_is_told_from_the_start(self, api: Api) -> None:
        request = await message(await api.sign_up(), stream=True)
        first, again = await request.send("k"), await request.send("k")
        assert events_of(again.text) == events_of(first.text)
        assert is_replayed(again)

    async def test_a_repeated_stream_that_is_cancelled_ends_for_everybody(self, api: Api) -> None:
        request = await message(await api.sign_up(), model="scripted-stalls", stream=True)
        first = asyncio.create_task(request.send("k"))
        run = (await begun(request))["run_id"]
        again = asyncio.create_task(request.send("k"))
        await asyncio.sleep(0.05)
        await request.caller.post(f"/v1/runs/{run}/cancel")
        assert events_of((await first).text) == events_of((await again).text)
        assert events_of(again.result().text)[-1]["status"] == "cancelled"

    async def test_who_waits_for_a_reply_is_told_to_come_back_while_it_is_made(self, api: Api, neighbour: Api) -> None:
        request = await message(await api.sign_up(), model="scripted-slow")
        first = asyncio.create_task(request.send("k"))
        await begun(request)
        for node in (api, neighbour):
            early = await request.send("k", node.http)
            assert error_of(early, 409)["code"] == "idempotency_in_progress"
            assert (early.headers["retry-after"], early.headers["x-should-retry"]) == ("1", "true")
            assert not is_replayed(early)
        whole = await first
        for node in (api, neighbour):
            again = await request.send("k", node.http)
            assert (again.status_code, again.text, is_replayed(again)) == (201, whole.text, True)

    async def test_who_does_not_wait_is_answered_the_same_while_the_reply_is_made_and_after(self, api: Api) -> None:
        request = await message(await api.sign_up(), model="scripted-slow", headers={"prefer": "respond-async"})
        first, again = await request.send("k"), await request.send("k")
        await request.caller.events(first.json()["run"]["id"])
        late = await request.send("k")
        for answer in (again, late):
            assert (answer.status_code, answer.text, is_replayed(answer)) == (202, first.text, True)
            assert answer.headers["location"] == first.headers["location"]

    async def test_who_did_not_wait_may_wait_with_the_same_key(self, api: Api) -> None:
        request = await message(await api.sign_up(), headers={"prefer": "respond-async"})
        run = (await request.send("k")).json()["run"]["id"]
        await request.caller.events(run)
        whole = await Request(request.method, request.path, request.caller, request.body).send("k")
        assert (whole.status_code, is_replayed(whole)) == (201, True)
        assert (whole.json()["run"]["id"], whole.json()["run"]["status"]) == (run, "completed")

    async def test_the_model_is_asked_once(self, api: Api, scripted: ScriptedModel) -> None:
        request = await message(await api.sign_up())
        asked = len(scripted.requests)
        for _ in range(3):
            assert (await request.send("k")).status_code == 201
        assert len(scripted.requests) == asked + 1
        assert [said["seq"] for said in await request.caller.messages(request.path.split("/")[3])] == [1, 2]

    async def test_a_run_that_failed_is_told_again_and_not_made_anew(self, api: Api) -> None:
        request = await message(await api.sign_up(), model="scripted-breaks")
        first, again = await request.send("k"), await request.send("k")
        assert first.json()["run"]["status"] == "failed"
        assert (again.status_code, again.text, is_replayed(again)) == (201, first.text, True)

    async def test_the_message_of_a_session_that_was_deleted_is_not_told_again(self, api: Api) -> None:
        request = await message(await api.sign_up())
        await request.send("k")
        await request.caller.request("DELETE", "/".join(request.path.split("/")[:4]))
        assert error_of(await request.send("k"), 404)["code"] == "session_not_found"

    async def test_a_message_that_found_a_reply_under_way_may_be_sent_again_with_its_key(self, api: Api) -> None:
        first = await message(await api.sign_up(), model="scripted-stalls", headers={"prefer": "respond-async"})
        run = (await first.send("one")).json()["run"]["id"]
        second = Request(first.method, first.path, first.caller, {"content": "And?"}, headers=first.headers)
        assert error_of(await second.send("two"), 409)["code"] == "run_active"
        await first.caller.post(f"/v1/runs/{run}/cancel")
        answer = await second.send("two")
        assert (answer.status_code, is_replayed(answer)) == (202, False)
        await first.caller.post(f"/v1/runs/{answer.json()['run']['id']}/cancel")

    async def test_a_message_that_the_client_has_named_is_said_once_whatever_its_keys(self, api: Api) -> None:
        request = await message(await api.sign_up(), client_message_id="m-1")
        answers = [await request.send(key) for key in ("one", "two", None, "one", "two")]
        assert len({answer.text for answer in answers}) == 1
        assert [is_replayed(answer) for answer in answers] == [False, False, False, True, True]
        other = Request(request.method, request.path, request.caller, {"content": "Bye", "client_message_id": "m-1"})
        assert error_of(await other.send("two"), 422)["code"] == "idempotency_key_reused"

    @pytest.mark.parametrize("on_active", ["interrupt", "enqueue"])
    async def test_a_repeated_message_interrupts_and_waits_once(self, api: Api, on_active: str) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        await caller.begin(session, "one")
        async_ = {"prefer": "respond-async"}
        body = {"content": "two", "on_active": on_active}
        request = Request("POST", f"/v1/sessions/{session}/messages", caller, body, headers=async_)
        answers = await asyncio.gather(*(request.send("k") for _ in range(5)))
        assert len({answer.text for answer in answers}) == 1
        texts = [said["content"][0]["text"] for said in await caller.messages(session) if said["role"] == "user"]
        assert texts == ["one", "two"]
        for said in await caller.messages(session):
            await caller.post(f"/v1/runs/{said['run_id']}/cancel")

    async def test_twenty_streams_at_once_show_one_reply(self, api: Api, neighbour: Api) -> None:
        request = await message(await api.sign_up(), stream=True)
        answers: list[httpx.Response] = await asyncio.gather(
            *(request.send("k", node.http) for node in [api, neighbour] * 10)
        )
        assert {answer.status_code for answer in answers} == {200}
        assert sum(not is_replayed(answer) for answer in answers) == 1
        told = {text_of(events_of(answer.text)) for answer in answers}
        assert told == {REPLY}
        assert len({events_of(answer.text)[0]["run_id"] for answer in answers}) == 1
        assert len(await request.caller.messages(request.path.split("/")[3])) == 2
