"""The scripted model."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from adapters.models.failures import RequestRefused
from adapters.models.scripted import STANDARD_SCRIPTS, Script, ScriptedModel
from application.ports.chat_model import ModelFailed, ModelInfo, ModelRequest
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn
from domain.runs.run import Usage


def asking(model: str, max_tokens: int | None = None) -> ModelRequest:
    """Return a request of four words."""
    turns = (PromptTurn("system", "Be kind."), PromptTurn("user", "Hello there"))
    return ModelRequest(model, turns, Sampling(max_tokens=max_tokens))


async def words_before_failing(model: ScriptedModel, name: str) -> int:
    """Return how many words came before the failure."""
    words = 0
    async with aclosing(model.stream(asking(name))) as chunks:
        for _ in range(100):
            try:
                await anext(chunks)
            except ModelFailed:
                return words
            words += 1
    raise AssertionError("it did not fail")


async def test_it_says_its_script_word_by_word_and_then_counts() -> None:
    model = ScriptedModel({"m": Script(tokens=3, words=("a ", "b "))})
    assert [chunk async for chunk in model.stream(asking("m"))] == ["a ", "b ", "a ", Usage(4, 3)]
    assert Script(tokens=3, words=("a ", "b ")).text == "a b a "


async def test_it_stops_at_the_most_tokens_asked_for() -> None:
    assert [chunk async for chunk in ScriptedModel().stream(asking("scripted", 1))] == ["Well, ", Usage(4, 1)]


async def test_an_uncounted_and_an_empty_script_say_no_more_than_that() -> None:
    model = ScriptedModel()
    assert "".join([str(chunk) async for chunk in model.stream(asking("scripted-uncounted"))]) == Script().text
    assert [chunk async for chunk in model.stream(asking("scripted-empty"))] == [Usage(4, 0)]


@pytest.mark.parametrize(("name", "words"), [("scripted-refuses", 0), ("scripted-breaks", 3), ("unknown", 0)])
async def test_a_script_fails_after_the_words_that_it_names(name: str, words: int) -> None:
    model = ScriptedModel()
    assert (await words_before_failing(model, name), model.active) == (words, 0)


@pytest.mark.parametrize("at", [2, 4])
async def test_a_fault_may_come_in_the_middle_or_after_the_last_word(at: int) -> None:
    assert await words_before_failing(ScriptedModel({"m": Script(tokens=4, fail_at=at)}), "m") == at


async def test_a_stalled_reply_ends_when_it_is_closed_and_goes_on_when_it_is_released() -> None:
    model = ScriptedModel()
    async with aclosing(model.stream(asking("scripted-stalls"))) as chunks:
        assert [await anext(chunks) for _ in range(3)] == ["Well, ", "let ", "me "]
        assert model.active == 1
    assert model.active == 0
    model.release()
    assert len([chunk async for chunk in model.stream(asking("scripted-stalls"))]) == Script().tokens + 1


async def said_after(model: ScriptedModel, beginning: str, max_tokens: int | None = None) -> list[object]:
    """Return all that comes after this beginning."""
    return [chunk async for chunk in model.stream(replace(asking("m", max_tokens), beginning=beginning))]


@pytest.mark.parametrize(("beginning", "rest"), [
    ("", ["a ", "bb ", "a ", Usage(4, 3)]),
    ("a ", ["bb ", "a ", Usage(5, 2)]), ("a bb ", ["a ", Usage(6, 1)]), ("a bb a ", [Usage(7, 0)]),
    ("a b", ["a ", "bb ", "a ", Usage(4, 3)]), ("another ", ["a ", "bb ", "a ", Usage(4, 3)]),
])
async def test_one_that_continues_says_the_rest_after_whole_words_of_its_text(beginning: str, rest: list[object]) -> None:
    model = ScriptedModel({"m": Script(tokens=3, words=("a ", "bb "), continues=True)})
    assert await said_after(model, beginning) == rest


async def test_one_that_does_not_continue_says_all_of_its_text_after_any_beginning() -> None:
    model = ScriptedModel({"m": Script(tokens=2, words=("a ", "b "))})
    assert await said_after(model, "a ") == ["a ", "b ", Usage(4, 2)]


@pytest.mark.parametrize(("beginning", "rest"), [("a ", ["b ", Usage(5, 1)]), ("a b ", [Usage(6, 0)]), ("a b a ", [Usage(7, 0)])])
async def test_the_most_tokens_include_those_of_the_beginning(beginning: str, rest: list[object]) -> None:
    model = ScriptedModel({"m": Script(tokens=4, words=("a ", "b "), continues=True)})
    assert await said_after(model, beginning, max_tokens=2) == rest


async def test_a_fault_lies_where_it_lies_in_the_whole_reply() -> None:
    model = ScriptedModel({"m": Script(tokens=4, words=("a ",), fail_at=2, failure=RequestRefused, continues=True)})
    assert len(await said_after(model, "a a a ")) == 2
    with pytest.raises(RequestRefused):
        await said_after(model, "a a ")


async def test_it_remembers_what_it_was_asked() -> None:
    model = ScriptedModel()
    async with aclosing(model.stream(asking("scripted"))) as chunks:
        await anext(chunks)
    assert model.requests == [asking("scripted")]


async def test_it_lists_its_scripts_and_fails_while_down() -> None:
    model = ScriptedModel()
    assert [info.name for info in await model.list()] == list(STANDARD_SCRIPTS)
    assert await model.find("scripted") == ModelInfo("scripted", 8192)
    assert await ScriptedModel({"m": Script(continues=True)}).find("m") == ModelInfo("m", 8192, continues=True)
    assert await model.find("unknown") is None
    model.down = True
    for asked in (model.list(), model.find("scripted"), anext(model.stream(asking("scripted")))):
        with pytest.raises(ModelFailed):
            await asked
