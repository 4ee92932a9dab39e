"""Pass a chat completion on: to the model that is named, or to an agent's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from application.actor import Actor
from application.agents.views import AgentView
from application.completions.exchange import Exchange, begin_exchange
from application.completions.settlement import Passed, Settlement, Told, texts_of
from application.idempotency import Once, recall
from application.limits.allowances import Allowances
from application.limits.stream_slots import StreamHold
from application.naming import Naming
from application.ports.clock import Clock
from application.ports.completions import ChatCompletions, CompletionRequest
from application.ports.entropy import Entropy
from application.ports.idempotency import AnswerGone
from application.ports.readers import AgentReader
from application.ports.shards import Shards
from domain.sessions.message import Content
from domain.shared.errors import Invalid, Unavailable
from domain.shared.identifiers import bucket_of
from domain.shared.rules import Metadata

# With whom a kept exchange is, where it was with a model alone.
_NOBODY: Final = "assistant"
_LENGTHS: Final = frozenset({"max_tokens", "max_completion_tokens"})


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept of an exchange: what the user said last, and the caller's own pairs."""

    said: Content
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class CompleteChatCommand:
    """The request, `messages` and `options` as `CompletionRequest` has them; nothing is kept without `keeping`."""

    actor: Actor
    model: str
    messages: Sequence[Mapping[str, object]]
    options: Mapping[str, object]
    streamed: bool
    keeping: Keeping | None = None
    once: Once | None = None
    hold: StreamHold | None = None


@dataclass(frozen=True, slots=True)
class CompleteChat:
    """Begins a completion; who reads it settles it in the end, which books it once."""

    agents: AgentReader
    naming: Naming
    allowances: Allowances
    completions: ChatCompletions
    settlement: Settlement
    shards: Shards
    clock: Clock
    entropy: Entropy

    async def execute(self, command: CompleteChatCommand) -> Passed:
        """Return what has begun; ModelNotFound, ModelNotAllowed, CompletionRefused, ModelFailed, AnswerGone for a repetition."""
        await self._refuse_repetition(command)
        found = await self.naming.find(command.model, command.actor)
        agent = found if isinstance(found, AgentView) else None
        request = CompletionRequest(command.model, command.messages, command.options, command.streamed)
        if agent is not None:
            request = _as_agent(agent, request)
        self._require_length(command)
        await self.allowances.require_model(command.actor, request.model)
        kept = await self._kept(command, agent, request.model)
        opened = await self.completions.open(request)
        return Passed(
            id=self.entropy.identifier("chatcmpl", bucket_of(command.actor.user_id)).replace("_", "-", 1),
            asked=command.model, created_at=self.clock.now(), owner_id=command.actor.user_id,
            agent_id=None if agent is None else agent.id, request=request, opened=opened, settlement=self.settlement,
            kept=kept, once=command.once, hold=command.hold,
        )

    def _require_length(self, command: CompleteChatCommand) -> None:
        most = self.allowances.limits_of(command.actor).message_characters
        for place, message in enumerate(command.messages):
            if message["role"] == "user" and sum(map(len, texts_of(message))) > most:
                raise Invalid(f"A message must have at most {most} characters on your plan.", param=f"messages[{place}].content")

    async def _refuse_repetition(self, command: CompleteChatCommand) -> None:
        if command.once is None:
            return
        async with self.shards.open(command.actor.user_id) as unit:
            if await recall(unit.keys, command.once, command.actor.user_id, Told) is not None:
                raise AnswerGone(
                    "This completion was made and booked before; what it said is kept nowhere.", param="Idempotency-Key"
                )

    async def _kept(self, command: CompleteChatCommand, agent: AgentView | None, model: str) -> Exchange | None:
        """Return the beginning of what is kept; Invalid, before anything is asked, if it cannot be."""
        if command.keeping is None:
            return None
        if "tools" in command.options:
            raise Invalid("An exchange with tools cannot be stored; leave out 'store'.", param="store")
        found = agent or await self.agents.find(_NOBODY)
        if found is None:
            raise Unavailable(f"The agent {_NOBODY!r} is not there.")
        return begin_exchange(
            self.entropy, command.actor.user_id, found.id, model, command.keeping.said, command.keeping.metadata,
            now=self.clock.now(),
        )


def _as_agent(agent: AgentView, request: CompletionRequest) -> CompletionRequest:
    """Return the request with the agent's persona before all else, and its sampling where the caller chose none."""
    sampling = agent.sampling
    defaults = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if not _LENGTHS & request.options.keys():
        defaults["max_tokens"] = sampling.max_tokens
    chosen = {name: value for name, value in defaults.items() if value is not None}
    messages = [{"role": "system", "content": agent.persona}, *request.messages] if agent.persona else request.messages
    return replace(request, model=agent.model, messages=messages, options=chosen | dict(request.options))
