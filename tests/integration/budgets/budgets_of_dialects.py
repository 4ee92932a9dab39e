"""What the routes of other protocols cost: OpenAI's and the AI SDK's."""

from typing import Any, Final

from tests.integration.budgets.budget import Asked, Budget, Budgets, Prepare, fixed
from tests.support.api import Caller

_ITEMS: Final = [{"type": "message", "role": "user", "content": "Go on."}]


async def _talk(caller: Caller) -> tuple[str, str]:
    """Return the identifiers of a session and of the run that ended in it."""
    session = await caller.session()
    answer = await caller.say(session)
    assert answer.status_code == 201, answer.text
    return session, str(answer.json()["run"]["id"])


async def _stalled(caller: Caller, here: Caller) -> tuple[str, str]:
    """Return the identifiers of a session and of the run that is being made in it here."""
    session = await caller.session(await caller.agent("scripted-stalls"))
    return session, await here.begin(session)


def _conversation(below: str = "", body: Any = None) -> Prepare:
    async def prepare(caller: Caller, _: Caller) -> Asked:
        session, _run = await _talk(caller)
        return Asked(f"/v1/conversations/{session}{below}", body)

    return prepare


async def _item(caller: Caller, _: Caller) -> Asked:
    session, _run = await _talk(caller)
    said, _reply = await caller.messages(session)
    return Asked(f"/v1/conversations/{session}/items/{said['id']}")


def _response(below: str = "") -> Prepare:
    async def prepare(caller: Caller, _: Caller) -> Asked:
        _session, run = await _talk(caller)
        return Asked(f"/v1/responses/{run}{below}")

    return prepare


async def _cancel_response(caller: Caller, here: Caller) -> Asked:
    _session, run = await _stalled(caller, here)
    return Asked(f"/v1/responses/{run}/cancel")


async def _chat(caller: Caller, _: Caller) -> Asked:
    session, _run = await _talk(caller)
    said = {"id": "said-2", "role": "user", "parts": [{"type": "text", "text": "Go on."}]}
    return Asked("/v1/ai-sdk/chat", {"id": session, "messages": [said], "trigger": "submit-message"})


async def _resume_chat(caller: Caller, _: Caller) -> Asked:
    # The reply has ended, which is what a page mostly finds that is opened again; one that stalls would be streamed for ever.
    session, _run = await _talk(caller)
    return Asked(f"/v1/ai-sdk/chat/{session}/stream")


async def _stop_chat(caller: Caller, here: Caller) -> Asked:
    session, _run = await _stalled(caller, here)
    return Asked(f"/v1/ai-sdk/chat/{session}/stop")


_COMPLETION: Final = {"model": "scripted", "messages": [{"role": "user", "content": "Hello!"}]}
_RESPONSE: Final = {"model": "einstein", "input": "Hello!"}
_METADATA: Final = {"metadata": {"topic": "physics"}}

BUDGETS_OF_DIALECTS: Final[Budgets] = {
    ("GET", "/v1/models"): Budget(fixed("/v1/models"), 3, 1),
    ("GET", "/v1/models/{model_id}"): Budget(fixed("/v1/models/einstein"), 2, 0),
    ("POST", "/v1/chat/completions"): Budget(fixed("/v1/chat/completions", _COMPLETION), 4, 2),
    ("POST", "/v1/responses"): Budget(fixed("/v1/responses", _RESPONSE), 6, 4),
    ("GET", "/v1/responses/{response_id}"): Budget(_response(), 2, 1),
    ("GET", "/v1/responses/{response_id}/input_items"): Budget(_response("/input_items"), 2, 1),
    ("POST", "/v1/responses/{response_id}/cancel"): Budget(_cancel_response, 5, 4, repeated="runs.find"),
    ("DELETE", "/v1/responses/{response_id}"): Budget(_response(), 5, 4),
    ("POST", "/v1/conversations"): Budget(fixed("/v1/conversations", {}), 3, 1),
    ("GET", "/v1/conversations/{conversation_id}"): Budget(_conversation(), 2, 0),
    ("POST", "/v1/conversations/{conversation_id}"): Budget(_conversation(body=_METADATA), 3, 2),
    ("DELETE", "/v1/conversations/{conversation_id}"): Budget(_conversation(), 4, 3),
    ("GET", "/v1/conversations/{conversation_id}/items"): Budget(_conversation("/items"), 2, 0),
    ("POST", "/v1/conversations/{conversation_id}/items"): Budget(_conversation("/items", {"items": _ITEMS}), 4, 3),
    ("GET", "/v1/conversations/{conversation_id}/items/{item_id}"): Budget(_item, 2, 1),
    ("DELETE", "/v1/conversations/{conversation_id}/items/{item_id}"): Budget(_item, 4, 3),
    ("POST", "/v1/ai-sdk/chat"): Budget(_chat, 9, 7),
    ("GET", "/v1/ai-sdk/chat/{chat_id}/stream"): Budget(_resume_chat, 3, 1),
    ("POST", "/v1/ai-sdk/chat/{chat_id}/stop"): Budget(_stop_chat, 5, 4, repeated="runs.find"),
}
