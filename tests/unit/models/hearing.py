"""Providers of one model `m` that fail as they are told, and what a listener makes of the reply."""

from dataclasses import dataclass, field
from typing import Any

from adapters.models.router import ModelRouter
from adapters.models.scripted import Script, ScriptedModel
from application.ports.chat_model import ModelChunk, ModelFailed, ModelRequest, ProviderSwitched
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn

SEA = ("the ", "sea ", "sings ")
SKY = ("a ", "sky ", "burns ")
KEPT, REPLACED = ProviderSwitched(keep=True), ProviderSwitched(keep=False)


def saying(words: tuple[str, ...], **script: Any) -> ScriptedModel:
    """Return a provider that says these words."""
    return ScriptedModel({"m": Script(tokens=len(words), words=words, counts_usage=False, **script)})


def asking(beginning: str = "", model: str = "m") -> ModelRequest:
    """Return a request."""
    return ModelRequest(model, (PromptTurn("user", "Hello"),), Sampling(temperature=0.5), beginning)


@dataclass(slots=True)
class Heard:
    """All that came, the text that a listener has in the end, and the failure if it ended with one."""

    text: str
    chunks: list[ModelChunk] = field(default_factory=list)
    failure: ModelFailed | None = None

    def take(self, chunk: ModelChunk) -> None:
        """Do with a chunk what it means."""
        self.chunks.append(chunk)
        if isinstance(chunk, str):
            self.text += chunk
        elif chunk == REPLACED:
            self.text = ""


async def hear(router: ModelRouter, request: ModelRequest | None = None) -> Heard:
    """Hear a reply out."""
    asked = request or asking()
    heard = Heard(asked.beginning)
    try:
        async for chunk in router.stream(asked):
            heard.take(chunk)
    except ModelFailed as failure:
        heard.failure = failure
    return heard


def beginnings(provider: ScriptedModel) -> list[str]:
    """Return with which beginnings the provider was asked."""
    return [request.beginning for request in provider.requests]
