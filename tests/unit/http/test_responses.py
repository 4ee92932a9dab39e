"""OpenAI's responses and conversations over the memory adapters."""

from domain.users.plan import Plan
from tests.contracts.http.openai_conversations import OpenAIConversationsSuite
from tests.contracts.http.responses import CreatingSuite, DeletingSuite, RefusingSuite, StreamingSuite, respond
from tests.support.api import error_of
from tests.support.application import running_application
from tests.support.memory import NOWHERE, Memory


class TestCreating(CreatingSuite): ...


class TestStreaming(StreamingSuite): ...


class TestRefusing(RefusingSuite): ...


class TestDeleting(DeletingSuite): ...


class TestConversations(OpenAIConversationsSuite): ...


async def test_a_plan_bounds_what_is_said_and_how_many_responses_are_made_at_once() -> None:
    async with running_application(NOWHERE, Memory(), signup_plan=Plan.FREE) as application:
        caller, long = await application.api.sign_up(), "x" * 32_001
        items = [{"role": "user", "content": long}, {"role": "user", "content": "x"}]
        refused = {
            "input": await caller.post("/v1/responses", {"model": "scripted", "input": items}),
            "items": await caller.post("/v1/conversations", {"items": items}),
        }
        for param, answer in refused.items():
            assert error_of(answer, 400)["param"] == param
        stalled = [await respond(caller, model="scripted-stalls", background=True) for _ in range(2)]
        answer = await caller.post("/v1/responses", {"model": "scripted", "input": "x"})
        assert error_of(answer, 429)["code"] == "rate_limit_exceeded"
        for one in stalled:
            await caller.post(f"/v1/responses/{one['id']}/cancel")
        assert (await respond(caller))["status"] == "completed"
