"""OpenAI's conversations over HTTP: `/v1/conversations`."""

from typing import Any

from adapters.models.scripted import ScriptedModel
from tests.contracts.http.responses import REPLY, respond, shown
from tests.support.api import Api, Caller, error_of

ITEMS: list[dict[str, Any]] = [
    {"role": "assistant", "content": "Welcome!"}, {"role": "user", "content": [{"type": "input_text", "text": "Who are you?"}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Ada.", "annotations": []}]},
    {"role": "user", "content": "Good."},
]
TEXTS = ["Welcome!", "Who are you?", "Ada.", "Good."]


async def opened(caller: Caller, **fields: Any) -> dict[str, Any]:
    """Return a new conversation."""
    answer = await caller.post("/v1/conversations", fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def texts_of(page: dict[str, Any]) -> list[str]:
    """Return what the items of a page say."""
    return [item["content"][0]["text"] for item in page["data"]]


class OpenAIConversationsSuite:
    async def test_a_conversation_is_a_session(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await opened(caller, metadata={"shelf": "physics"})
        path, session = f"/v1/conversations/{made['id']}", (await caller.get(f"/v1/sessions/{made['id']}")).json()
        assert (made["object"], made["metadata"], session["metadata"]) == ("conversation", *[{"shelf": "physics"}] * 2)
        assert isinstance(made["created_at"], int)
        assert session["agent_id"] == (await api.http.get("/v1/agents/assistant")).json()["id"]
        assert (await caller.get(path)).json() == made
        changed = (await caller.post(path, {"metadata": {"shelf": "cooking"}})).json()
        assert changed == made | {"metadata": {"shelf": "cooking"}} == (await caller.get(path)).json()
        gone = {"id": made["id"], "object": "conversation.deleted", "deleted": True}
        assert (await caller.request("DELETE", path)).json() == gone
        assert error_of(await caller.get(path), 404)["code"] == "session_not_found"

    async def test_it_may_be_with_any_agent(self, api: Api) -> None:
        caller = await api.sign_up()
        session = (await caller.get(f"/v1/sessions/{(await opened(caller, agent_id='einstein'))['id']}")).json()
        assert session["agent_id"] == (await api.http.get("/v1/agents/einstein")).json()["id"]
        assert error_of(await caller.post("/v1/conversations", {"agent_id": "nobody"}), 404)["param"] == "agent_id"

    async def test_what_was_said_elsewhere_is_kept_and_the_model_is_shown_it(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        made = await opened(caller, items=ITEMS[:2])
        path = f"/v1/conversations/{made['id']}/items"
        added = (await caller.post(path, {"items": ITEMS[2:]})).json()
        assert (texts_of(added), added["has_more"]) == (TEXTS[2:], False)
        assert (added["first_id"], added["last_id"]) == (added["data"][0]["id"], added["data"][1]["id"])
        assert [one["content"][0]["text"] for one in await caller.messages(made["id"])] == TEXTS
        await respond(caller, "Go on", conversation=made["id"])
        assert [text for _, text in shown(scripted)] == [*TEXTS, "Go on"]
        assert [role for role, _ in shown(scripted)] == ["assistant", "user", "assistant", "user", "user"]
        assert texts_of((await caller.get(path)).json()) == [REPLY, "Go on", *TEXTS[::-1]]

    async def test_items_are_paged_read_and_taken_out(self, api: Api) -> None:
        caller = await api.sign_up()
        path = f"/v1/conversations/{(await opened(caller, items=ITEMS))['id']}/items"
        first = (await caller.get(path, params={"order": "asc", "limit": 3})).json()
        assert (first["object"], texts_of(first), first["has_more"]) == ("list", TEXTS[:3], True)
        rest = (await caller.get(path, params={"order": "asc", "limit": 3, "after": first["last_id"]})).json()
        assert (texts_of(rest), rest["has_more"]) == (TEXTS[3:], False)
        item = f"{path}/{first['data'][2]['id']}"
        assert (await caller.get(item)).json() == first["data"][2] == {
            "id": first["data"][2]["id"], "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Ada.", "annotations": [], "logprobs": []}],
        }
        assert (await caller.request("DELETE", item)).json()["object"] == "conversation"
        assert texts_of((await caller.get(path, params={"order": "asc"})).json()) == [TEXTS[0], TEXTS[1], TEXTS[3]]
        for answer in (await caller.get(item), await caller.request("DELETE", item)):
            assert error_of(answer, 404)["code"] == "message_not_found"

    async def test_what_is_not_supported_is_refused_by_name_and_nothing_is_kept(self, api: Api) -> None:
        caller = await api.sign_up()
        path = f"/v1/conversations/{(await opened(caller))['id']}/items"
        refused = {
            "items[1].role": [ITEMS[0], {"role": "system", "content": "Be kind."}],
            "items[0].type": [{"type": "function_call_output", "call_id": "x", "output": "y"}],
            "items[0].content": [{"role": "user", "content": " "}],
            "items": [ITEMS[0]] * 21,
        }
        for param, items in refused.items():
            for where in (path, "/v1/conversations"):
                assert error_of(await caller.post(where, {"items": items}), 400)["param"] == param
        assert error_of(await caller.get(path, params={"include[]": "x"}), 400)["param"] == "include"
        assert error_of(await caller.post("/v1/conversations", {"colour": "red"}), 400)["code"] == "unsupported_parameter"
        many = {"metadata": {str(number): "x" for number in range(17)}}
        assert error_of(await caller.post("/v1/conversations", many), 400)["param"] == "metadata"
        assert (await caller.get(path)).json()["data"] == []
        assert len((await caller.get("/v1/sessions")).json()["data"]) == 1

    async def test_nothing_is_added_or_taken_out_while_a_reply_is_made(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await respond(caller, model="scripted-hangs", background=True)
        path = f"/v1/conversations/{made['conversation']['id']}/items"
        (said,) = (await caller.get(path)).json()["data"]
        for answer in (await caller.post(path, {"items": ITEMS}), await caller.request("DELETE", f"{path}/{said['id']}")):
            assert error_of(answer, 409)["code"] == "run_active"
        await caller.post(f"/v1/responses/{made['id']}/cancel")

    async def test_what_is_anothers_is_not_there_whatever_the_body_says(self, api: Api) -> None:
        owner, stranger = await api.sign_up(), await api.sign_up()
        path = f"/v1/conversations/{(await opened(owner, items=ITEMS))['id']}"
        item = (await owner.get(f"{path}/items")).json()["first_id"]
        answers = [
            await stranger.get(path), await stranger.post(path, {"metadata": {}}), await stranger.request("DELETE", path),
            await stranger.get(f"{path}/items"), await stranger.post(f"{path}/items", {"items": [{"role": "system"}]}),
            await stranger.get(f"{path}/items/{item}"), await stranger.request("DELETE", f"{path}/items/{item}"),
        ]
        for answer in answers:
            error_of(answer, 404)
        assert len((await owner.get(f"{path}/items")).json()["data"]) == 4
