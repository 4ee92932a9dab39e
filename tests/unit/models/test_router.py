"""Several providers as one."""

from contextlib import aclosing

import pytest

from adapters.models.router import ModelRouter
from adapters.models.scripted import Script, ScriptedModel
from application.ports.chat_model import ModelFailed, ModelRequest
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn


class ClosableModel(ScriptedModel):
    """A scripted model that can be closed."""

    closed = False

    async def close(self) -> None:
        """Note it."""
        self.closed = True


def offering(*names: str, says: str = "word ", down: bool = False) -> ScriptedModel:
    """Return a provider of these models."""
    return ScriptedModel({name: Script(tokens=1, words=(says,), context_tokens=len(names) * 1000) for name in names}, down=down)


def asking(model: str) -> ModelRequest:
    """Return a request."""
    return ModelRequest(model, (PromptTurn("user", "Hello"),), Sampling(temperature=0.5))


async def said_by(router: ModelRouter, model: str) -> object:
    """Return the first that the model says."""
    async with aclosing(router.stream(asking(model))) as chunks:
        return await anext(chunks)


async def test_each_request_goes_to_the_provider_of_its_model() -> None:
    one, two = offering("a", says="one"), offering("b", says="two")
    router = ModelRouter([one, two])
    assert [await said_by(router, "a"), await said_by(router, "b")] == ["one", "two"]
    assert (one.requests, two.requests) == ([asking("a")], [asking("b")])


async def test_of_two_providers_of_one_name_the_first_wins() -> None:
    router = ModelRouter([offering("a", says="one"), offering("b", "a", says="two")])
    found = await router.find("a")
    assert (await said_by(router, "a"), found.context_tokens if found else 0) == ("one", 1000)
    assert [(info.name, info.context_tokens) for info in await router.list()] == [("a", 1000), ("b", 2000)]


@pytest.mark.parametrize(("default", "name"), [(None, "a"), ("c", "c")])
async def test_default_stands_for_the_chosen_model_or_else_the_first(default: str | None, name: str) -> None:
    one, two = offering("a", "b"), offering("c")
    router = ModelRouter([one, two], default)
    found = await router.find("default")
    await said_by(router, "default")
    assert found is not None
    assert (found.name, (one.requests + two.requests), (await router.list())[0].name) == (name, [asking(name)], name)


async def test_the_first_model_is_sought_past_a_provider_without_models() -> None:
    found = await ModelRouter([offering(), offering("a")]).find("default")
    assert found is not None
    assert found.name == "a"


async def test_a_provider_that_is_down_does_not_hide_the_others() -> None:
    router = ModelRouter([offering("a", down=True), offering("b", says="two")])
    assert await said_by(router, "b") == "two"
    assert [info.name for info in await router.list()] == ["b"]


async def test_a_model_that_only_the_silent_provider_may_have_is_not_said_to_be_missing() -> None:
    router = ModelRouter([offering("a", down=True), offering("b")])
    for model in ("a", "default"):
        with pytest.raises(ModelFailed):
            await router.find(model)
        with pytest.raises(ModelFailed):
            await said_by(router, model)


async def test_nobody_answering_is_a_failure_and_nobody_offering_is_none() -> None:
    with pytest.raises(ModelFailed):
        await ModelRouter([offering("a", down=True)]).list()
    assert await ModelRouter([offering("a")], default="gone").find("default") is None
    assert await ModelRouter([]).find("default") is None
    with pytest.raises(ModelFailed, match="nobody offers"):
        await said_by(ModelRouter([offering("a")]), "b")


async def test_leaving_early_ends_the_generation_at_the_provider() -> None:
    provider = ScriptedModel()
    async with aclosing(ModelRouter([provider]).stream(asking("scripted-stalls"))) as chunks:
        await anext(chunks)
        assert provider.active == 1
    assert provider.active == 0


async def test_closing_it_closes_the_providers_that_can_be_closed() -> None:
    closable = ClosableModel()
    await ModelRouter([offering("a"), closable]).close()
    assert closable.closed
