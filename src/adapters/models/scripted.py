"""A model that says what its script says: for tests, for demonstrations without a provider, and for rehearsing faults."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from application.ports.chat_model import ChatModel, ModelChunk, ModelFailed, ModelInfo, ModelRequest
from domain.runs.run import Usage

WORDS: Final = ("Well, ", "let ", "me ", "think ", "about ", "that ", "for ", "a ", "moment. ")


@dataclass(frozen=True, slots=True)
class Script:
    """How one model behaves.

    It streams `tokens` words, going round `words`, each after `pace` seconds; `tokens` 0 is an empty reply. It fails or
    falls silent before its token number `fail_at` or `hang_at` (0 is before the first; both may lie past the end).
    """

    tokens: int = 9
    words: tuple[str, ...] = WORDS
    pace: float = 0.0
    fail_at: int | None = None
    hang_at: int | None = None
    counts_usage: bool = True
    context_tokens: int = 8192

    @property
    def text(self) -> str:
        """The whole reply."""
        return "".join(self.words[number % len(self.words)] for number in range(self.tokens))


STANDARD_SCRIPTS: Final[Mapping[str, Script]] = {
    "scripted": Script(),
    "scripted-slow": Script(pace=0.05),
    "scripted-refuses": Script(fail_at=0),
    "scripted-breaks": Script(fail_at=3),
    "scripted-hangs": Script(hang_at=0),
    "scripted-stalls": Script(hang_at=3),
    "scripted-empty": Script(tokens=0),
    "scripted-uncounted": Script(counts_usage=False),
}


class ScriptedModel(ChatModel):
    """Models by name, each with its script.

    `requests` are those it was asked, in order; `active` counts the replies under way; while `down` is true, all that it is
    asked fails. `scripts` may be changed at any time; replies under way keep theirs.
    """

    def __init__(self, scripts: Mapping[str, Script] = STANDARD_SCRIPTS, *, down: bool = False) -> None:
        self.scripts = dict(scripts)
        self.down = down
        self.requests: list[ModelRequest] = []
        self.active = 0
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let the replies that hang, and all that will, go on."""
        self._released.set()

    async def find(self, model: str) -> ModelInfo | None:
        """Return the model if it has a script."""
        self._require_up()
        script = self.scripts.get(model)
        return None if script is None else ModelInfo(model, script.context_tokens)

    async def list(self) -> Sequence[ModelInfo]:
        """Return the models in the order of their scripts."""
        self._require_up()
        return tuple(ModelInfo(name, script.context_tokens) for name, script in self.scripts.items())

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        """Play the script, word by word; no more words than the request allows."""
        self.requests.append(request)
        self.active += 1
        try:
            self._require_up()
            script = self.scripts.get(request.model)
            if script is None:
                raise ModelFailed(f"there is no script for {request.model!r}")
            tokens = min(script.tokens, request.sampling.max_tokens or script.tokens)
            for number in range(tokens):
                await self._before(script, number)
                yield script.words[number % len(script.words)]
            await self._before(script, tokens)
            if script.counts_usage:
                yield Usage(sum(len(turn.text.split()) for turn in request.turns), tokens)
        finally:
            self.active -= 1

    async def _before(self, script: Script, number: int) -> None:
        if number == script.fail_at:
            raise ModelFailed(f"the script fails at token {number}")
        if number == script.hang_at:
            await self._released.wait()
        if number < script.tokens:
            await asyncio.sleep(script.pace)

    def _require_up(self) -> None:
        if self.down:
            raise ModelFailed("the scripted model is down")
