"""OpenAI's responses over HTTP: `/v1/responses`."""

import asyncio
from typing import Any

import pytest

from adapters.models.scripted import Script, ScriptedModel
from tests.contracts.http.idempotency import is_replayed
from tests.support.api import Api, Caller, error_of, frames_of

REPLY = Script().text
ASSISTANT = {"role": "assistant", "content": [{"type": "output_text", "text": "I am Ada.", "annotations": []}]}
UNSUPPORTED: list[tuple[str, Any]] = [
    ("store", False), ("tools", [{"type": "function", "name": "f"}]), ("tool_choice", "required"), ("max_tool_calls", 3),
    ("text", {"format": {"type": "json_object"}}), ("reasoning", {"effort": "low"}), ("include", ["reasoning.encrypted_content"]),
    ("truncation", "sometimes"), ("service_tier", "flex"), ("top_logprobs", 2), ("prompt", {"id": "x"}), ("user", "me"),
    ("stream_options", {"include_obfuscation": True}), ("prompt_cache_key", "x"), ("no_such_parameter", None),
]
HARMLESS: dict[str, Any] = {
    "store": True, "tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "text": {"format": {"type": "text"}},
    "reasoning": None, "include": [], "truncation": "disabled", "service_tier": "auto", "top_logprobs": 0, "prompt": None,
    "stream_options": None, "metadata": None, "conversation": None, "previous_response_id": None, "user": None,
}
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"input": []}, "input"), ({"input": " "}, "input"), ({"input": [{"role": "system", "content": "Be brief."}]}, "input"),
    ({"input": [{"role": "user", "content": "Hi"}, ASSISTANT]}, "input[1]"),
    ({"input": [{"role": "tool", "content": "Hi"}]}, "input[0].role"),
    ({"input": [{"role": "user"}]}, "input[0].content"), ({"input": [{"role": "user", "content": " "}]}, "input[0].content"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
    ({"input": [{"role": "user", "content": "Hi", "colour": "red"}]}, "input[0].colour"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content[0].type"),
    ({"input": [{"role": "user", "content": [{"type": "input_text", "text": 7}]}]}, "input[0].content[0].text"),
    ({"temperature": 3}, "temperature"), ({"top_p": 0}, "top_p"), ({"max_output_tokens": 0}, "max_output_tokens"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"), ({"instructions": "\x00"}, "instructions"),
    ({"model": None}, "model"), ({"previous_response_id": "resp_1"}, "previous_response_id"),
]


async def respond(caller: Caller, said: Any = "Hello!", **fields: Any) -> dict[str, Any]:
    """Return a new response, of a model alone unless the fields say otherwise."""
    answer = await caller.post("/v1/responses", {"model": "scripted", "input": said, **fields})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def streamed(caller: Caller, response: str, after: int | None = None) -> list[dict[str, Any]]:
    """Return the events of a response behind a cursor."""
    params = {"stream": "true"} | ({} if after is None else {"starting_after": str(after)})
    answer = await caller.get(f"/v1/responses/{response}", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return frames_of(answer.text)


def shown(scripted: ScriptedModel) -> list[tuple[str, str]]:
    """Return what the model was shown last."""
    return [(turn.role, turn.text) for turn in scripted.requests[-1].turns]


def text_in(response: dict[str, Any]) -> str:
    """Return the text of a response."""
    return "".join(part["text"] for item in response["output"] for part in item["content"])


class CreatingSuite:
    async def test_a_response_is_a_run_in_a_session_of_its_own(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await respond(caller, "Hello!", model="einstein", metadata={"shelf": "physics"}, temperature=0.3)
        session, run = made["conversation"]["id"], (await caller.get(f"/v1/runs/{made['id']}")).json()
        assert (made["object"], made["status"], made["model"]) == ("response", "completed", "einstein")
        assert (made["metadata"], made["temperature"], made["error"]) == ({"shelf": "physics"}, 0.3, None)
        assert (run["session_id"], run["status"]) == (session, "completed")
        usage = made["usage"]
        assert (usage["input_tokens"], usage["output_tokens"]) == (run["usage"]["input_tokens"], run["usage"]["output_tokens"])
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        said, reply = await caller.messages(session)
        assert (said["content"][0]["text"], reply["content"][0]["text"]) == ("Hello!", REPLY)
        assert [(item["id"], item["status"]) for item in made["output"]] == [(reply["id"], "completed")]
        assert (await caller.get(f"/v1/responses/{made['id']}")).json() == made
        items = (await caller.get(f"/v1/responses/{made['id']}/input_items")).json()
        assert [(item["id"], item["role"], item["content"]) for item in items["data"]] == [
            (said["id"], "user", [{"type": "input_text", "text": "Hello!"}])
        ]

    async def test_a_message_of_our_own_dialect_is_a_response_too(self, api: Api) -> None:
        caller = await api.sign_up()
        sent = (await caller.say(await caller.session())).json()
        response = (await caller.get(f"/v1/responses/{sent['run']['id']}")).json()
        assert (response["status"], text_in(response)) == ("completed", REPLY)

    async def test_a_model_is_shown_no_persona_and_an_agent_its_own_before_the_instructions(
        self, api: Api, scripted: ScriptedModel
    ) -> None:
        caller = await api.sign_up()
        await respond(caller, "Hi")
        assert shown(scripted) == [("user", "Hi")]
        await respond(caller, "Hi", instructions="Be brief.")
        assert shown(scripted) == [("system", "Be brief."), ("user", "Hi")]
        slug = await caller.agent("scripted")
        made = await respond(caller, "Hi", model=slug, instructions="Be brief.", max_output_tokens=5, top_p=0.5)
        assert shown(scripted) == [("system", "You are a test.\n\nBe brief."), ("user", "Hi")]
        sampling = scripted.requests[-1].sampling
        assert (sampling.top_p, sampling.max_tokens) == (0.5, 5)
        assert (made["instructions"], made["status"]) == ("Be brief.", "incomplete")
        assert made["incomplete_details"] == {"reason": "max_output_tokens"}

    async def test_what_came_before_is_shown_to_the_model_and_kept(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        history = [
            {"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Who are you?"}, ASSISTANT,
            {"role": "user", "content": "Really?"}, {"type": "message", "role": "user", "content": "Say!"},
        ]
        made = await respond(caller, history)
        told = [("user", "Who are you?"), ("assistant", "I am Ada."), ("user", "Really?"), ("user", "Say!")]
        assert shown(scripted) == [("system", "Be kind."), *told]
        kept = await caller.messages(made["conversation"]["id"])
        assert [(one["role"], one["content"][0]["text"]) for one in kept] == [*told, ("assistant", REPLY)]

    async def test_what_the_system_says_does_not_grow_for_ever(self, api: Api) -> None:
        caller = await api.sign_up()
        said = [{"role": "system", "content": "x" * 60_000}, {"role": "user", "content": "Hi"}]
        first = await respond(caller, said)
        body = {"model": "scripted", "input": said, "previous_response_id": first["id"]}
        assert error_of(await caller.post("/v1/responses", body), 400)["param"] == "input"
        assert (await respond(caller, "Hi", previous_response_id=first["id"]))["status"] == "completed"

    async def test_what_the_system_says_stands_and_instructions_hold_once(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        first = await respond(
            caller, [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "One"}], instructions="Once."
        )
        assert shown(scripted)[0] == ("system", "Once.\n\nBe kind.")
        second = await respond(caller, "Two", previous_response_id=first["id"])
        assert shown(scripted) == [("system", "Be kind."), ("user", "One"), ("assistant", REPLY), ("user", "Two")]
        assert (second["previous_response_id"], second["instructions"]) == (first["id"], None)
        more = [{"role": "system", "content": "Be honest."}, {"role": "user", "content": "Three"}]
        await respond(caller, more, conversation=first["conversation"])
        assert shown(scripted)[0] == ("system", "Be kind.\n\nBe honest.")

    async def test_without_a_model_it_is_the_sessions_agent(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        slug = await caller.agent("scripted")
        made = await respond(caller, "Hi", model=None, conversation=await caller.session(slug))
        assert (made["model"], shown(scripted)[0]) == (slug, ("system", "You are a test."))

    async def test_one_goes_on_after_the_last_response_alone(self, api: Api) -> None:
        caller, stranger = await api.sign_up(), await api.sign_up()
        first = await respond(caller)
        second = await respond(caller, previous_response_id=first["id"])
        assert second["conversation"] == first["conversation"]
        refused = {
            "previous_response_not_last": (caller, first["id"]),
            "previous_response_not_found": (stranger, second["id"]),
        }
        for code, (whose, previous) in refused.items():
            answer = await whose.post("/v1/responses", {"model": "scripted", "input": "x", "previous_response_id": previous})
            error = error_of(answer, 400)
            assert (error["code"], error["param"]) == (code, "previous_response_id")
        both = {"input": "x", "previous_response_id": second["id"], "conversation": second["conversation"]["id"]}
        assert error_of(await caller.post("/v1/responses", both), 400)["param"] == "previous_response_id"
        assert len(await caller.messages(first["conversation"]["id"])) == 4

    async def test_of_many_that_go_on_after_one_response_at_one_moment_one_does(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        first = await respond(caller)
        elsewhere = Caller(neighbour.http, caller.signed_up, caller.email)
        body = {"model": "scripted", "input": "x", "previous_response_id": first["id"], "background": True}
        answers = await asyncio.gather(*(whose.post("/v1/responses", body) for whose in [caller, elsewhere] * 5))
        assert [answer.status_code for answer in answers].count(200) == 1
        assert {answer.status_code for answer in answers} <= {200, 400, 409}
        said = [one for one in await caller.messages(first["conversation"]["id"]) if one["role"] == "user"]
        assert len(said) == 2

    async def test_one_reply_at_a_time_is_made_in_a_conversation(self, api: Api) -> None:
        caller = await api.sign_up()
        first = await respond(caller, model="scripted-hangs", background=True)
        answer = await caller.post("/v1/responses", {"model": "scripted", "input": "x", "conversation": first["conversation"]})
        assert error_of(answer, 409)["code"] == "run_active"
        await caller.post(f"/v1/responses/{first['id']}/cancel")

    async def test_a_reply_that_fails_says_so(self, api: Api) -> None:
        made = await respond(await api.sign_up(), model="scripted-refuses")
        assert (made["status"], made["error"]["code"], made["output"]) == ("failed", "server_error", [])

    async def test_a_repeated_request_gets_the_same_response(self, api: Api) -> None:
        caller = await api.sign_up()
        key, body = {"idempotency-key": "k"}, {"model": "scripted", "input": "x", "stream": True}
        first, again = [await caller.post("/v1/responses", body, headers=key) for _ in range(2)]
        assert frames_of(again.text) == frames_of(first.text)
        assert (is_replayed(first), is_replayed(again)) == (False, True)


class StreamingSuite:
    async def test_every_cursor_gets_exactly_the_rest_on_every_node(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        answer = await caller.post("/v1/responses", {"model": "scripted", "input": "Hi", "stream": True})
        whole = frames_of(answer.text)
        assert [event["sequence_number"] for event in whole] == list(range(len(whole)))
        final = whole[-1]["response"]
        elsewhere = Caller(neighbour.http, caller.signed_up, caller.email)
        for whose in (caller, elsewhere):
            for cursor in (None, *range(-1, len(whole) - 1)):
                assert await streamed(whose, final["id"], cursor) == whole[0 if cursor is None else cursor + 1 :]
        assert await streamed(caller, final["id"], 500) == [{**whole[-1], "sequence_number": 501}]
        assert (await caller.get(f"/v1/responses/{final['id']}")).json() == final

    async def test_a_response_in_the_background_is_followed_and_cancelled(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await respond(caller, model="scripted-stalls", background=True)
        assert (made["status"], made["background"], made["output"]) == ("in_progress", True, [])
        follower = asyncio.create_task(streamed(caller, made["id"], 1))
        await asyncio.sleep(0.05)
        stopped = (await caller.post(f"/v1/responses/{made['id']}/cancel")).json()
        events = await follower
        assert (stopped["status"], [item["status"] for item in stopped["output"]]) == ("cancelled", ["incomplete"])
        assert [event["sequence_number"] for event in events] == list(range(2, len(events) + 2))
        assert (events[-1]["type"], events[-1]["response"]["status"]) == ("response.incomplete", "cancelled")
        assert text_in(events[-1]["response"]) == text_in(stopped)
        assert (await caller.post(f"/v1/responses/{made['id']}/cancel")).json() == stopped

    async def test_a_cursor_needs_a_stream_and_nothing_else_is_asked_by_query(self, api: Api) -> None:
        caller = await api.sign_up()
        path = f"/v1/responses/{(await respond(caller))['id']}"
        refused = {
            "starting_after": {"starting_after": "1"}, "include": {"include[]": "x"},
            "include_obfuscation": {"stream": "true", "include_obfuscation": "true"},
        }
        for param, query in refused.items():
            assert error_of(await caller.get(path, params=query), 400)["param"] == param


class RefusingSuite:
    @pytest.mark.parametrize(("param", "value"), UNSUPPORTED, ids=lambda value: value if isinstance(value, str) else "")
    async def test_what_is_not_supported_is_refused_by_name(self, api: Api, param: str, value: Any) -> None:
        caller = await api.sign_up()
        error = error_of(await caller.post("/v1/responses", {"model": "scripted", "input": "x", param: value}), 400)
        assert (error["param"], error["code"].partition("_")[0]) == (param, "unsupported")
        assert (await caller.get("/v1/sessions")).json()["data"] == []

    async def test_what_asks_for_nothing_is_taken(self, api: Api) -> None:
        assert (await respond(await api.sign_up(), **HARMLESS))["status"] == "completed"

    @pytest.mark.parametrize(("fields", "param"), INVALID, ids=lambda value: value if isinstance(value, str) else "")
    async def test_what_is_wrong_is_named_and_nothing_is_kept(self, api: Api, fields: dict[str, Any], param: str) -> None:
        caller = await api.sign_up()
        error = error_of(await caller.post("/v1/responses", {"model": "scripted", "input": "x", **fields}), 400)
        assert error["param"] == param
        assert (await caller.get("/v1/sessions")).json()["data"] == []

    async def test_a_model_that_is_not_there_is_not_found(self, api: Api) -> None:
        caller, stranger = await api.sign_up(), await api.sign_up()
        for model in ("nobody", "no\x00body", await stranger.agent("scripted")):
            error = error_of(await caller.post("/v1/responses", {"model": model, "input": "x"}), 404)
            assert (error["code"], error["param"]) == ("model_not_found", "model")

    async def test_what_is_anothers_is_not_there(self, api: Api) -> None:
        owner, stranger = await api.sign_up(), await api.sign_up()
        made = await respond(owner)
        path = f"/v1/responses/{made['id']}"
        answers = [
            await stranger.get(path), await stranger.get(path, params={"stream": "true"}), await stranger.post(f"{path}/cancel"),
            await stranger.request("DELETE", path), await stranger.get(f"{path}/input_items"),
            await stranger.post("/v1/responses", {"input": "x", "conversation": made["conversation"]}),
        ]
        for answer in answers:
            error_of(answer, 404)
        assert (await owner.get(path)).json() == made


class DeletingSuite:
    async def test_a_deleted_response_is_gone_and_no_model_is_shown_it(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        first = await respond(caller, "One")
        second = await respond(caller, "Two", previous_response_id=first["id"])
        path, session = f"/v1/responses/{first['id']}", first["conversation"]["id"]
        assert len(await caller.messages(session)) == 4
        assert (await caller.request("DELETE", path)).json() == {"id": first["id"], "object": "response", "deleted": True}
        answers = [
            await caller.get(path), await caller.get(path, params={"stream": "true"}), await caller.request("DELETE", path),
            await caller.post(f"{path}/cancel"), await caller.get(f"{path}/input_items"),
        ]
        for answer in answers:
            error_of(answer, 404)
        assert [one["content"][0]["text"] for one in await caller.messages(session)] == ["Two", REPLY]
        await respond(caller, "Three", previous_response_id=second["id"])
        assert shown(scripted) == [("user", "Two"), ("assistant", REPLY), ("user", "Three")]

    async def test_a_response_that_is_being_made_is_stopped_and_deleted(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await respond(caller, model="scripted-stalls", background=True)
        assert (await caller.request("DELETE", f"/v1/responses/{made['id']}")).status_code == 200
        assert await caller.messages(made["conversation"]["id"]) == []
        assert (await caller.get(f"/v1/runs/{made['id']}")).json()["status"] == "cancelled"
