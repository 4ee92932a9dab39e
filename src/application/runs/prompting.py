"""What a model is asked for a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.ports.chat_model import ChatModel, ModelFailed, ModelRequest
from application.ports.readers import AgentReader, RunReader, SessionReader
from application.ports.run_dispatcher import Assignment
from application.runs.reply import Reply
from domain.runs.prompt import compose_prompt, history_budget, history_for
from domain.sessions.message import Message
from domain.sessions.session import SessionNotFound

_HISTORY_MOST: Final = 400


@dataclass(frozen=True, slots=True)
class Prompting:
    """Reads what the prompt is made of: the persona, and as much recent history as fits the model's context."""

    sessions: SessionReader
    runs: RunReader
    agents: AgentReader
    models: ChatModel

    async def message_of(self, order: Assignment) -> Message:
        """Return the message that the run answers; SessionNotFound when it is gone."""
        if order.message is not None:
            return order.message
        run = order.run
        found = next((m for m in await self.runs.read_exchange(run.owner_id, run.id) if m.id == run.message_id), None)
        if found is None:
            raise SessionNotFound(f"The message of run {run.id} is gone.")
        return found

    async def request(self, order: Assignment, reply: Reply) -> ModelRequest:
        """Return the request, and note its prompt in the reply; ModelFailed when nobody offers the model now."""
        run = order.run
        agent = order.agent or await self.agents.find(run.agent_id)
        model = await self.models.find(run.model)
        if agent is None or model is None:
            raise ModelFailed(f"nobody offers the model {run.model!r} now")
        persona = agent.persona if run.options.instructions is None else run.options.instructions
        sampling = run.options.sampling or agent.sampling
        budget = history_budget(persona, model.context_tokens, sampling.max_tokens)
        turns = compose_prompt(persona, history_for(await self._history(order, budget), run.message_seq), budget)
        reply.prompt = "".join(turn.text for turn in turns)
        return ModelRequest(run.model, turns, sampling, reply.beginning)

    async def _history(self, order: Assignment, budget: int) -> Sequence[Message]:
        """Return the newest messages, with the one to be answered also while it is being stored, or when much was said since."""
        run, said = order.run, order.message
        if said is not None and said.seq == 1:
            return [said]
        history = await self.sessions.recent_messages(
            run.owner_id, run.session_id, limit=_HISTORY_MOST, most_characters=budget * 4
        )
        if any(message.seq == run.message_seq for message in history):
            return history
        return [*history, await self.message_of(order)]
