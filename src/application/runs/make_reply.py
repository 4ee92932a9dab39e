"""Make a reply: from the stored message to the stored answer, with every event in the run log."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from application.agents.views import AgentView
from application.ports.chat_model import ChatModel, ModelChunk, ModelFailed, ModelRequest
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.readers import AgentReader, SessionReader
from application.ports.run_log import (
    AttemptStarted,
    End,
    FencedOut,
    MessageCompleted,
    MessageDelta,
    RunCancelled,
    RunCreated,
    RunEvent,
    RunEventBody,
    RunFailed,
    RunLog,
)
from application.ports.shards import Shards
from application.runs.interruption import Interruption
from application.runs.views import RunView
from domain.runs.prompt import PromptTurn, compose_prompt, estimate_tokens, history_budget
from domain.runs.run import Run, RunError, RunStatus, Usage
from domain.sessions.message import Message, MessageStatus, TextPart
from domain.sessions.session import SessionNotFound
from domain.shared.errors import DomainError, NotFound, StaleWrite, Unavailable
from domain.shared.identifiers import MessageId, bucket_of

_HISTORY_MOST: Final = 400
_STORE_TRIES: Final = 60
_UNKNOWN: Final = RunError("internal_error", "Something went wrong on our side.")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MakeReplyCommand:
    """The run, already streaming; what the accepting request knew is passed on, the rest is read."""

    run: Run
    message: Message | None
    agent: AgentView | None
    interruption: Interruption


@dataclass(slots=True)
class _Progress:
    """What has been made so far."""

    seq: int = 0
    text: list[str] = field(default_factory=list)
    usage: Usage | None = None
    prompt_text: str = ""
    error: RunError | None = None


@dataclass(frozen=True, slots=True)
class MakeReply:
    """Streams the model into the log and stores the outcome in one commit; no connection is held in between."""

    shards: Shards
    sessions: SessionReader
    agents: AgentReader
    models: ChatModel
    log: RunLog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: MakeReplyCommand) -> None:
        """Return when the run has ended and is stored. A run that another node took over is left to it."""
        progress = _Progress()
        try:
            await self._open_log(command, progress)
            async with command.interruption:
                await self._stream(command, progress)
            await self._store(command.run, progress, cancelled=command.interruption.requested)
        except FencedOut:
            _log.warning("run taken over by another node", extra={"run_id": command.run.id})

    async def _open_log(self, command: MakeReplyCommand, progress: _Progress) -> None:
        run = command.run
        progress.seq = await self.log.last_seq(run.id) if run.attempt > 1 else 0
        opening: list[RunEventBody] = []
        if progress.seq == 0:
            opening.append(RunCreated(RunView.of(run), command.message or await self._message_of(run)))
        if run.attempt > 1:
            opening.append(AttemptStarted(run.attempt, "node_lost", keep=False))
        await self._tell(run, progress, *opening)

    async def _message_of(self, run: Run) -> Message:
        history = await self.sessions.recent_messages(run.session_id, limit=8, most_characters=2**31 - 1)
        found = next((m for m in history if m.id == run.message_id), None)
        if found is None:
            raise SessionNotFound(f"The message of run {run.id} is gone.")
        return found

    async def _stream(self, command: MakeReplyCommand, progress: _Progress) -> None:
        try:
            request = await self._request(command, progress)
            async with aclosing(self.models.stream(request)) as chunks:  # type: ignore[type-var]
                await self._relay(command.run, chunks, progress)
            if not progress.text:
                progress.error = RunError("empty_reply", "The model sent no text.")
        except FencedOut:
            raise
        except ModelFailed as failure:
            _log.warning("model failed", extra={"run_id": command.run.id, "reason": str(failure)})
            progress.error = RunError("model_unavailable", "The model could not finish its reply. Please try again.")
        except DomainError as failure:
            _log.warning("run failed", extra={"run_id": command.run.id, "reason": failure.code})
            progress.error = RunError(failure.code, failure.message)
        except Exception:  # noqa: BLE001
            _log.exception("run failed", extra={"run_id": command.run.id})
            progress.error = _UNKNOWN

    async def _relay(self, run: Run, chunks: AsyncIterator[ModelChunk], progress: _Progress) -> None:
        async for chunk in chunks:
            if isinstance(chunk, Usage):
                progress.usage = chunk
            else:
                progress.text.append(chunk)
                await self._tell(run, progress, MessageDelta(chunk))

    async def _request(self, command: MakeReplyCommand, progress: _Progress) -> ModelRequest:
        run = command.run
        agent = command.agent or await self.agents.find(run.agent_id)
        model = await self.models.find(run.model)
        if agent is None or model is None:
            raise ModelFailed(f"nobody offers the model {run.model!r} now")
        budget = history_budget(agent.persona, model.context_tokens, agent.sampling.max_tokens)
        history = await self.sessions.recent_messages(run.session_id, limit=_HISTORY_MOST, most_characters=budget * 4)
        turns: tuple[PromptTurn, ...] = compose_prompt(agent.persona, history, budget)
        progress.prompt_text = "".join(turn.text for turn in turns)
        return ModelRequest(run.model, turns, agent.sampling)

    async def _store(self, run: Run, progress: _Progress, *, cancelled: bool) -> None:
        """Commit the outcome, trying for as long as a database may take to come back; then tell the viewers."""
        for tries in range(_STORE_TRIES):
            try:
                reply = await self._commit(run, progress, cancelled=cancelled)
            except NotFound:
                progress.error = RunError("session_deleted", "The session was deleted.")
                return await self._tell(run, progress, RunFailed(progress.error), End(RunStatus.FAILED))
            except (StaleWrite, Unavailable) as failure:
                _log.warning("outcome not stored yet", extra={"run_id": run.id, "reason": failure.code})
                await asyncio.sleep(min(0.02 * 2**tries, 5))
            else:
                outcome = self._outcome(progress, reply, cancelled=cancelled)
                return await self._tell(run, progress, outcome, End(self._status(progress, cancelled=cancelled)))
        return _log.error("outcome could not be stored", extra={"run_id": run.id})

    async def _commit(self, run: Run, progress: _Progress, *, cancelled: bool) -> Message | None:
        now, status, reply = self.clock.now(), self._status(progress, cancelled=cancelled), None
        async with self.shards.open(run.owner_id) as unit:
            session = await unit.sessions.get(run.session_id)
            stored = await unit.runs.get(run.id)
            if stored.attempt != run.attempt or stored.status.terminal:
                raise FencedOut(f"run {run.id} is at attempt {stored.attempt}")
            text = "".join(progress.text)
            if text:
                reply = session.reply(
                    MessageId(self.entropy.identifier("message", bucket_of(run.owner_id))), (TextPart(text),), run.id,
                    MessageStatus(status.value), now=now,
                )
                unit.messages.add(reply)
            self._end(stored, progress, status, last_seq=progress.seq + 2)
            session.release(run.id, now=now)
            unit.sessions.save(session)
            unit.runs.save(stored)
            unit.record(session.changed())
            unit.record(stored.finished())
            await unit.commit()
        return reply

    def _end(self, run: Run, progress: _Progress, status: RunStatus, *, last_seq: int) -> None:
        now, usage = self.clock.now(), self._usage(progress)
        if status is RunStatus.CANCELLED:
            run.cancel(usage, last_seq=last_seq, now=now)
        elif progress.error is not None:
            run.fail(progress.error, usage, last_seq=last_seq, now=now)
        else:
            run.complete(usage, last_seq=last_seq, now=now)

    @staticmethod
    def _status(progress: _Progress, *, cancelled: bool) -> RunStatus:
        if cancelled:
            return RunStatus.CANCELLED
        return RunStatus.COMPLETED if progress.error is None else RunStatus.FAILED

    @staticmethod
    def _usage(progress: _Progress) -> Usage:
        return progress.usage or Usage(estimate_tokens(progress.prompt_text), estimate_tokens("".join(progress.text)))

    def _outcome(self, progress: _Progress, reply: Message | None, *, cancelled: bool) -> RunEventBody:
        if cancelled:
            return RunCancelled()
        if progress.error is not None or reply is None:
            return RunFailed(progress.error or _UNKNOWN)
        return MessageCompleted(reply, self._usage(progress))

    async def _tell(self, run: Run, progress: _Progress, *bodies: RunEventBody) -> None:
        await self.log.append([RunEvent(run.id, progress.seq + place, body) for place, body in enumerate(bodies, 1)])
        progress.seq += len(bodies)
