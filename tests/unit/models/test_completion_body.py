"""What a model server is asked."""

import json
from typing import Any

import pytest

from adapters.models.completion_body import completion_body
from application.ports.chat_model import ModelRequest
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn

FLAGS = {"continue_final_message", "add_generation_prompt"}


def body(beginning: str = "", max_tokens: int | None = None, *, flags: bool = False) -> dict[str, Any]:
    """Return the body of a request."""
    request = ModelRequest("m", (PromptTurn("user", "Hello"),), Sampling(max_tokens=max_tokens), beginning)
    sent: dict[str, Any] = json.loads(completion_body(request, counts_usage=True, flags_beginning=flags))
    return sent


def test_a_beginning_is_the_last_message_and_the_assistants() -> None:
    assert body("Well, ")["messages"] == [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Well, "}]
    assert body()["messages"] == [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(("beginning", "flags", "sent"), [("Well, ", True, FLAGS), ("Well, ", False, set()), ("", True, set())])
def test_only_a_beginning_is_flagged_and_only_if_so_told(beginning: str, flags: bool, sent: set[str]) -> None:
    assert FLAGS & set(body(beginning, flags=flags)) == sent


@pytest.mark.parametrize(("beginning", "left"), [("", 20), ("x" * 4, 20), ("x" * 50, 10), ("ü" * 25, 10), ("x" * 500, 1)])
def test_the_most_tokens_are_those_of_the_whole_reply(beginning: str, left: int) -> None:
    assert body(beginning, 20)["max_tokens"] == left
    assert "max_tokens" not in body(beginning)
