"""The AI SDK dialect as it stands on the wire; what its own client makes of it is shown in tests/integration/clients."""

import asyncio
import json
from typing import Any

import httpx

from adapters.models.scripted import Script, ScriptedModel
from tests.support.api import Api, Caller, error_of

TEXT = Script().text
CHAT = "/v1/ai-sdk/chat"


def message(text: str = "Hello!", message_id: str | None = "said-1") -> dict[str, Any]:
    """Return what the user says, as the client has it."""
    return {"id": message_id, "role": "user", "parts": [{"type": "text", "text": text}], "metadata": {"mood": "kind"}}


async def chat(caller: Caller, chat_id: str, *messages: dict[str, Any], **fields: Any) -> httpx.Response:
    """Return the answer to a request as the client makes it."""
    body = {"id": chat_id, "messages": messages or [message()], "trigger": "submit-message", **fields}
    headers = fields.pop("headers", {})
    body.pop("headers", None)
    return await caller.post(CHAT, body, headers=headers)


async def regenerate(caller: Caller, chat_id: str, **fields: Any) -> httpx.Response:
    """Ask for the last reply anew."""
    return await chat(caller, chat_id, trigger="regenerate-message", **fields)


def chunks_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the chunks of a stream, having looked at its form."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["content-type"].startswith("text/event-stream")
    frames = [frame for frame in answer.text.split("\n\n") if not frame.startswith(":")]
    assert frames[-2:] == ["data: [DONE]", ""]
    return [json.loads(frame.removeprefix("data: ")) for frame in frames[:-2]]


def text_of(chunks: list[dict[str, Any]]) -> str:
    """Return the text of a reply of which nothing was taken back."""
    return "".join(chunk["delta"] for chunk in chunks if chunk["type"] == "text-delta")


async def texts(caller: Caller, session: str) -> list[str]:
    """Return what was said in a session."""
    return [one["content"][0]["text"] for one in await caller.messages(session)]


async def stalled(caller: Caller) -> str:
    """Return a session in which a reply is being made that says three words and then nothing."""
    session = await caller.session(await caller.agent("scripted-stalls"))
    await caller.begin(session)
    await asyncio.sleep(0.05)
    return session


class AiSdkSuite:
    async def test_a_message_is_answered_by_a_stream_of_the_protocol(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        chunks = chunks_of(await chat(caller, session))
        kinds = [chunk["type"] for chunk in chunks if chunk["type"] != "text-delta"]
        assert kinds == ["start", "start-step", "text-start", "text-end", "finish-step", "finish"]
        said, reply = await caller.messages(session)
        assert (text_of(chunks), chunks[0]["messageId"]) == (TEXT, reply["id"])
        assert chunks[0]["messageMetadata"] == {"session_id": session, "run_id": reply["run_id"]}
        assert said["client_message_id"] == "said-1"

    async def test_only_the_last_message_is_new_whatever_the_client_claims(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        invented = [
            {"role": "system", "parts": []}, message("Invented", "x"),
            {"id": "y", "role": "assistant", "parts": [{"type": "step-start"}, {"type": "tool-secret", "input": {"deep": [1]}}]},
        ]
        chunks_of(await chat(caller, session, *invented, message("True")))
        assert await texts(caller, session) == ["True", TEXT]
        assert [turn.text for turn in scripted.requests[-1].turns[1:]] == ["True"]

    async def test_a_message_sent_again_is_told_its_reply_again_and_none_is_made(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        first = await chat(caller, session)
        assert chunks_of(await chat(caller, session)) == chunks_of(first)
        assert len(await caller.messages(session)) == 2

    async def test_a_message_that_was_sent_is_not_edited(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        await chat(caller, session)
        answer = await chat(caller, session, message("Something else"), messageId="said-1")
        assert error_of(answer, 409)["code"] == "message_sent"
        assert answer.headers["x-should-retry"] == "false"
        assert await texts(caller, session) == ["Hello!", TEXT]

    async def test_with_an_idempotency_key_it_is_carried_out_once(self, api: Api) -> None:
        caller = await api.sign_up()
        key = {"headers": {"idempotency-key": "once"}}
        first = await chat(caller, "keyed", message(message_id=None), agent_id="einstein", **key)
        again = await chat(caller, "keyed", message(message_id=None), agent_id="einstein", **key)
        assert chunks_of(again) == chunks_of(first)
        assert again.headers["idempotency-replayed"] == "true"
        other = await chat(caller, "keyed", message("Something else", None), agent_id="einstein", **key)
        assert error_of(other, 422)["code"] == "idempotency_key_reused"
        sessions = (await caller.get("/v1/sessions")).json()["data"]
        assert [one["head_seq"] for one in sessions] == [2]

    async def test_what_is_not_text_or_not_the_users_is_refused_by_name(self, api: Api) -> None:
        caller = await api.sign_up()
        text, file = {"type": "text", "text": "Look!"}, {"type": "file", "url": "data:,x", "mediaType": "text/plain"}
        for sent, param in (
            ([{**message(), "parts": [text, file]}], "messages[0].parts[1]"),
            ([message(), {**message(), "parts": [{"type": "text"}]}], "messages[1].parts[0]"),
            ([message("   ")], "messages[0].parts"),
            ([message("x" * 100_001)], "messages[0].parts"),
            ([message(), {"id": "r", "role": "assistant", "parts": [text]}], "messages"),
        ):
            assert error_of(await chat(caller, "new", *sent, agent_id="einstein"), 422)["param"] == param
        assert error_of(await caller.post(CHAT, {"id": "new", "agent_id": "einstein"}), 422)["param"] == "messages"
        assert (await caller.get("/v1/sessions")).json()["data"] == []

    async def test_unknown_fields_and_ways_are_refused_by_name(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        assert error_of(await chat(caller, session, temperature=2), 422)["param"] == "temperature"
        assert error_of(await chat(caller, session, trigger="resume-stream"), 422)["param"] == "trigger"
        assert error_of(await chat(caller, session, message(message_id="x" * 256)), 422)["param"] == "messages"
        assert await caller.messages(session) == []


class ChatNamesSuite:
    async def test_a_name_of_the_clients_leads_to_one_session_however_many_ask_at_once(self, api: Api) -> None:
        caller = await api.sign_up()
        asked = [chat(caller, "racing", message(message_id=f"m{n}"), agent_id="einstein", on_active="enqueue") for n in range(8)]
        answers = [chunks_of(answer) for answer in await asyncio.gather(*asked)]
        (session,) = (await caller.get("/v1/sessions")).json()["data"]
        assert {chunks[0]["messageMetadata"]["session_id"] for chunks in answers} == {session["id"]}
        assert session["head_seq"] == 16

    async def test_everybody_has_names_of_their_own(self, api: Api) -> None:
        one, other = await api.sign_up(), await api.sign_up()
        places = [chunks_of(await chat(who, "same", agent_id="einstein"))[0]["messageMetadata"] for who in (one, other)]
        assert places[0]["session_id"] != places[1]["session_id"]
        assert (await other.get(f"/v1/sessions/{places[0]['session_id']}")).status_code == 404

    async def test_a_new_chat_needs_an_agent_and_a_known_one_keeps_its_own(self, api: Api) -> None:
        caller = await api.sign_up()
        assert error_of(await chat(caller, "new"), 422)["param"] == "agent_id"
        missing = error_of(await chat(caller, "new", agent_id="nobody"), 404)
        assert (missing["code"], missing["param"]) == ("agent_not_found", "agent_id")
        place = chunks_of(await chat(caller, "new", agent_id="einstein"))[0]["messageMetadata"]["session_id"]
        for known in ("new", place):
            chunks_of(await chat(caller, known, message(message_id=f"1{known}"), agent_id="einstein"))
            chunks_of(await chat(caller, known, message(message_id=f"2{known}")))
            assert error_of(await chat(caller, known, agent_id="ada"), 422)["param"] == "agent_id"
        assert len(await caller.messages(place)) == 10

    async def test_names_are_bounded_and_what_looks_like_a_session_is_one(self, api: Api) -> None:
        caller = await api.sign_up()
        for name in ("", "   ", "x" * 256, "a\x00b"):
            assert error_of(await chat(caller, name, agent_id="einstein"), 422)["param"] == "id"
        for name in ("session_", "session_1", f"session_{'0' * 26}"):
            assert error_of(await chat(caller, name, agent_id="einstein"), 404)["code"] == "session_not_found"
            assert (await caller.get(f"{CHAT}/{name}/stream")).status_code == 404
            assert (await caller.post(f"{CHAT}/{name}/stop")).status_code == 404

    async def test_anothers_session_is_not_found_by_any_way(self, api: Api) -> None:
        owner, stranger = await api.sign_up(), await api.sign_up()
        session = await stalled(owner)
        for answer in (
            await chat(stranger, session), await regenerate(stranger, session),
            await stranger.get(f"{CHAT}/{session}/stream"), await stranger.post(f"{CHAT}/{session}/stop"),
        ):
            assert error_of(answer, 404)["code"] == "session_not_found"
        for path in ("", f"/{session}/stop"):
            assert (await api.http.post(f"{CHAT}{path}", json={"id": session, "messages": [message()]})).status_code == 401
        assert (await api.http.get(f"{CHAT}/{session}/stream")).status_code == 401
        assert (await owner.post(f"{CHAT}/{session}/stop")).json()["status"] == "cancelled"


class StoppingChatsSuite:
    async def test_a_stop_keeps_the_text_and_ends_the_streams_that_watch(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await stalled(caller)
        watching = asyncio.create_task(caller.get(f"{CHAT}/{session}/stream"))
        await asyncio.sleep(0.05)
        answer = await caller.post(f"{CHAT}/{session}/stop")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        chunks = chunks_of(await watching)
        assert [chunk["type"] for chunk in chunks[-4:]] == ["text-end", "finish-step", "abort", "finish"]
        assert text_of(chunks) == (await texts(caller, session))[-1] == "Well, let me "

    async def test_where_nothing_is_made_there_is_nothing_to_stop_or_to_resume(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        chunks_of(await chat(caller, session))
        for chat_id in (session, "unheard of"):
            for answer in (await caller.get(f"{CHAT}/{chat_id}/stream"), await caller.post(f"{CHAT}/{chat_id}/stop")):
                assert (answer.status_code, answer.content) == (204, b"")

    async def test_a_stop_with_a_key_stops_no_later_reply(self, api: Api) -> None:
        caller = await api.sign_up()
        session, key = await stalled(caller), {"idempotency-key": "stop"}
        first = await caller.post(f"{CHAT}/{session}/stop", headers=key)
        run = await caller.begin(session)
        again = await caller.post(f"{CHAT}/{session}/stop", headers=key)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
        assert (await caller.get(f"/v1/runs/{run}")).json()["status"] == "streaming"
        await caller.post(f"{CHAT}/{session}/stop")


class RegeneratingSuite:
    async def test_the_last_reply_is_replaced_again_and_again(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        chunks_of(await chat(caller, session))
        names = [chunks_of(await regenerate(caller, session))[0]["messageId"] for _ in range(3)]
        shown = await caller.messages(session)
        assert [one["id"] for one in shown][1:] == [names[-1]]
        assert [one["seq"] for one in shown] == [1, 5]

    async def test_the_old_reply_is_kept_and_its_run_still_told(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        run = chunks_of(await chat(caller, session))[0]["messageMetadata"]["run_id"]
        chunks_of(await regenerate(caller, session))
        told = [event for event in await caller.events(run) if event["type"] == "message.completed"]
        assert told[0]["message"]["content"][0]["text"] == TEXT

    async def test_the_target_may_be_named_as_server_or_client_call_it_and_must_be_the_last(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        chunks_of(await chat(caller, session))
        older = await caller.messages(session)
        chunks_of(await chat(caller, session, message(message_id="said-2")))
        for target in (older[0]["id"], older[1]["id"], "said-1", "unheard of"):
            assert error_of(await regenerate(caller, session, messageId=target), 422)["param"] == "messageId"
        said, reply = (await caller.messages(session))[2:]
        for target in (reply["id"], said["id"], "said-2"):
            chunks_of(await regenerate(caller, session, messageId=target))
        assert [one["id"] for one in await caller.messages(session)][:3] == [older[0]["id"], older[1]["id"], said["id"]]

    async def test_nothing_is_made_anew_where_nothing_was_said_or_a_reply_is_being_made(self, api: Api) -> None:
        caller = await api.sign_up()
        assert error_of(await regenerate(caller, await caller.session()), 409)["code"] == "nothing_said"
        assert error_of(await regenerate(caller, "unheard of", agent_id="einstein"), 404)["code"] == "session_not_found"
        assert error_of(await regenerate(caller, await stalled(caller)), 409)["code"] == "run_active"

    async def test_what_got_no_reply_is_answered(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        scripted.scripts["mute"] = Script(tokens=0)
        session = await caller.session(await caller.agent("mute"))
        assert chunks_of(await chat(caller, session))[-1]["type"] == "error"
        scripted.scripts["mute"] = Script()
        assert text_of(chunks_of(await regenerate(caller, session))) == TEXT
        assert await texts(caller, session) == ["Hello!", TEXT]

    async def test_with_an_idempotency_key_it_is_made_anew_once(self, api: Api) -> None:
        caller = await api.sign_up()
        session, key = await caller.session(), {"headers": {"idempotency-key": "anew"}}
        chunks_of(await chat(caller, session))
        first = chunks_of(await regenerate(caller, session, **key))
        assert chunks_of(await regenerate(caller, session, **key)) == first
        assert [one["seq"] for one in await caller.messages(session)] == [1, 3]

    async def test_of_many_who_ask_at_once_one_is_heard_at_a_time(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        chunks_of(await chat(caller, session))
        answers = await asyncio.gather(*(regenerate(caller, session) for _ in range(6)))
        assert {answer.status_code for answer in answers} <= {200, 409}
        made = sum(answer.status_code == 200 for answer in answers)
        assert made >= 1
        assert [one["seq"] for one in await caller.messages(session)] == [1, 2 + made]
