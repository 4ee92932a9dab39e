"""A model that says what its script says: for tests, for demonstrations without a provider, and for rehearsing faults."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from adapters.models.passing import PassesCompletions
from adapters.models.scripted_completion import ScriptedCompletion, spoken
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ChatModel, ModelChunk, ModelFailed, ModelInfo, ModelRequest
from application.ports.completions import CompletionRefused, CompletionRequest, OpenCompletion
from domain.runs.run import Usage

WORDS: Final = ("Well, ", "let ", "me ", "think ", "about ", "that ", "for ", "a ", "moment. ")


@dataclass(frozen=True, slots=True)
class Script:
    """How one model behaves.

    It streams `tokens` words, going round `words`, each after `pace` seconds; `tokens` 0 is an empty reply. It fails or
    falls silent before its token number `fail_at` or `hang_at` (0 is before the first; both may lie past the end); `failure`
    is the kind of failure. One that `continues` streams the rest after a beginning of whole words of its text, and all of its
    text after any other. In a completion that brings tools it `calls` the one of this name instead of speaking; one that
    `refuses` tells the caller this, and the field at fault.
    """

    tokens: int = 9
    words: tuple[str, ...] = WORDS
    pace: float = 0.0
    fail_at: int | None = None
    failure: type[ModelFailed] = ModelFailed
    hang_at: int | None = None
    counts_usage: bool = True
    context_tokens: int = 8192
    continues: bool = False
    calls: str | None = None
    refuses: tuple[str, str | None] | None = None

    @property
    def text(self) -> str:
        """The whole reply."""
        return "".join(self.words[number % len(self.words)] for number in range(self.tokens))

    def tokens_in(self, beginning: str) -> int:
        """Return how many tokens of the reply this beginning is; 0 when it is none."""
        if not self.continues or not self.text.startswith(beginning):
            return 0
        lengths = accumulate(len(self.words[number % len(self.words)]) for number in range(self.tokens))
        return next((number for number, length in enumerate(lengths, 1) if length == len(beginning)), 0)

    def info(self, name: str) -> ModelInfo:
        """Return what is offered under this name."""
        return ModelInfo(name, self.context_tokens, self.continues)


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


class ScriptedModel(ChatModel, PassesCompletions):
    """Models by name, each with its script.

    `requests` are those it was asked, in order, `completions` those of them to be passed on; `active` counts the replies under
    way; while `down` is true, all that it is asked fails. `scripts` may be changed at any time; replies under way keep theirs.
    """

    def __init__(self, scripts: Mapping[str, Script] = STANDARD_SCRIPTS, *, down: bool = False) -> None:
        self.scripts = dict(scripts)
        self.down = down
        self.requests: list[ModelRequest] = []
        self.completions: list[CompletionRequest] = []
        self.active = 0
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let the replies that hang, and all that will, go on."""
        self._released.set()

    def hold(self) -> None:
        """Have the replies that will hang wait for the next release."""
        self._released = asyncio.Event()

    async def find(self, model: str) -> ModelInfo | None:
        """Return the model if it has a script."""
        self._require_up()
        script = self.scripts.get(model)
        return None if script is None else script.info(model)

    async def list(self) -> Sequence[ModelInfo]:
        """Return the models in the order of their scripts."""
        self._require_up()
        return tuple(script.info(name) for name, script in self.scripts.items())

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        """Play the script, word by word; no more words than the request allows, those of the beginning included."""
        self.requests.append(request)
        self.active += 1
        try:
            self._require_up()
            script = self.scripts.get(request.model)
            if script is None:
                raise ModelFailed(f"there is no script for {request.model!r}")
            tokens, said = min(script.tokens, request.sampling.max_tokens or script.tokens), script.tokens_in(request.beginning)
            for number in range(said, tokens):
                await self._before(script, number)
                yield script.words[number % len(script.words)]
            await self._before(script, tokens)
            if script.counts_usage:
                yield Usage(sum(len(turn.text.split()) for turn in request.turns) + said, max(tokens - said, 0))
        finally:
            self.active -= 1

    async def open_completion(self, request: CompletionRequest, breaker: CircuitBreaker) -> OpenCompletion:
        """Play the script in OpenAI's words, as `PassesCompletions` says."""
        self.completions.append(request)
        script = self.scripts.get(request.model, Script())
        if script.refuses is not None:
            raise CompletionRefused(script.refuses[0], param=script.refuses[1])
        opened = ScriptedCompletion(request, self.stream(spoken(request)), breaker, script.calls)
        await opened.begin()
        return opened

    async def _before(self, script: Script, number: int) -> None:
        if number == script.fail_at:
            raise script.failure(f"the script fails at token {number}")
        if number == script.hang_at:
            await self._released.wait()
        if number < script.tokens:
            await asyncio.sleep(script.pace)

    def _require_up(self) -> None:
        if self.down:
            raise ModelFailed("the scripted model is down")
