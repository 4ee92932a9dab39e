"""Make a reply: from the stored message to the stored answer, with every event in the run log."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from application.ports.chat_model import ChatModel, ModelFailed, ModelInfo, ProviderSwitched
from application.ports.run_dispatcher import Assignment
from application.ports.run_log import (
    AttemptStarted,
    End,
    FencedOut,
    MessageDelta,
    RunCreated,
    RunLog,
    RunWriter,
)
from application.ports.shards import Shards
from application.runs.conclusion import Conclusion, NotStored
from application.runs.interruption import Interruption
from application.runs.prompting import Prompting
from application.runs.reply import UNKNOWN_ERROR, Reply, text_told
from application.runs.views import RunView
from domain.runs.run import Run, RunError, Usage
from domain.shared.errors import DomainError, StaleWrite, Unavailable

T = TypeVar("T")
_PAUSE_SECONDS: Final = 0.25
_LAST_WORDS_SECONDS: Final = 0.5
_UNAVAILABLE: Final = RunError("model_unavailable", "The model could not finish its reply. Please try again.")
_EMPTY: Final = RunError("empty_reply", "The model sent no text.")
_HOPELESS: Final = RunError("node_lost", "The reply was interrupted too often: each node that made it was lost.")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MakeReplyCommand:
    """The run to make, and what may end it early."""

    order: Assignment
    interruption: Interruption


@dataclass(frozen=True, slots=True)
class MakeReply:
    """Streams the model into the log and stores the outcome in one commit; no connection is held in between."""

    shards: Shards
    models: ChatModel
    log: RunLog
    prompting: Prompting
    conclusion: Conclusion

    async def execute(self, command: MakeReplyCommand) -> Assignment | None:
        """Return the run whose turn it is when this one has ended and is stored; a run that was taken over is left alone."""
        run, reply = command.order.run, Reply()
        writer: RunWriter | None = None
        try:
            writer = await self._open(command, reply)
            async with command.interruption:
                await self._stream(command.order, reply, writer)
            reply.cancelled = command.interruption.requested
            concluded = await self.conclusion.store(command.order, reply, await writer.settle() + 2)
            writer.tell(reply.outcome(concluded.message), End(reply.status))
            await writer.settle()
        except asyncio.CancelledError:
            await _written(writer)
            raise
        except FencedOut:
            _log.warning("run taken over by another node", extra={"run_id": run.id})
        except NotStored:
            _log.error("outcome could not be stored", extra={"run_id": run.id})
        else:
            return concluded.following
        return None

    async def _open(self, command: MakeReplyCommand, reply: Reply) -> RunWriter:
        run = command.order.run
        if run.attempt == 1:
            writer = self.log.begin(run.id, command.order.stored)
            message = await _patiently(lambda: self.prompting.message_of(command.order))
            writer.tell(RunCreated(RunView.of(run), message))
            return writer
        created, opening = await _patiently(lambda: self._opening(command))
        opened = await _patiently(lambda: self.log.take_over(created, opening))
        reply.beginning = text_told(opened.written)
        reply.begin_anew(keep=opening.keep)
        reply.error = _HOPELESS if run.hopeless else None
        return opened.writer

    async def _opening(self, command: MakeReplyCommand) -> tuple[RunCreated, AttemptStarted]:
        """Return how the viewers are told that the reply is made anew, and whether what they saw of it stands."""
        run = command.order.run
        if run.cancel_requested:
            command.interruption.request()
        ends_now = command.interruption.requested or run.hopeless
        keep = ends_now or await self._continues(run.model)
        created = RunCreated(RunView.of(run), await self.prompting.message_of(command.order))
        return created, AttemptStarted(run.attempt, "node_lost" if run.losses else "handed_over", keep=keep)

    async def _continues(self, model: str) -> bool:
        try:
            found: ModelInfo | None = await self.models.find(model)
        except ModelFailed:
            return False
        return found is not None and found.continues

    async def _stream(self, order: Assignment, reply: Reply, writer: RunWriter) -> None:
        if reply.error is not None:
            return
        try:
            await self._relay(order, reply, writer)
            if not reply.text:
                reply.error = _EMPTY
        except FencedOut:
            raise
        except ModelFailed as failure:
            _log.warning("model failed", extra={"run_id": order.run.id, "reason": str(failure)})
            reply.error = _UNAVAILABLE
        except DomainError as failure:
            _log.warning("run failed", extra={"run_id": order.run.id, "reason": failure.code})
            reply.error = RunError(failure.code, failure.message)
        except Exception:  # noqa: BLE001
            _log.exception("run failed", extra={"run_id": order.run.id})
            reply.error = UNKNOWN_ERROR

    async def _relay(self, order: Assignment, reply: Reply, writer: RunWriter) -> None:
        if order.stored is not None and not order.asks_early:
            await asyncio.wait({order.stored})
        request = await _patiently(lambda: self.prompting.request(order, reply))
        async with aclosing(self.models.stream(request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                match chunk:
                    case str():
                        reply.pieces.append(chunk)
                        writer.tell(MessageDelta(chunk))
                    case Usage():
                        reply.counted = chunk
                    case ProviderSwitched(keep):
                        if order.stored is not None:  # a provider may fail before the run is in the database
                            await asyncio.wait({order.stored})
                        await _patiently(lambda: self._restart(order.run))
                        _begin_anew(order.run, reply, writer, "provider_lost", keep=keep)

    async def _restart(self, run: Run) -> None:
        """Store that this node begins another attempt."""
        async with self.shards.open(run.owner_id) as unit:
            stored = await unit.runs.get(run.id)
            if stored.attempt != run.attempt or stored.node != run.node:
                raise FencedOut(f"run {run.id} is at attempt {stored.attempt}")
            stored.restart()
            unit.runs.save(stored)
            await unit.commit()
        run.attempt, run.version = stored.attempt, stored.version


def _begin_anew(run: Run, reply: Reply, writer: RunWriter, reason: str, *, keep: bool) -> None:
    reply.begin_anew(keep=keep)
    writer.tell(AttemptStarted(run.attempt, reason, keep=keep))


async def _written(writer: RunWriter | None) -> None:
    """Let what was told get into the log before the run is handed over."""
    with suppress(TimeoutError, FencedOut):
        async with asyncio.timeout(_LAST_WORDS_SECONDS):
            if writer is not None:
                await writer.settle()


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Return what `work` does once the servers that it needs are there; a model is not waited for."""
    while True:
        try:
            return await work()
        except ModelFailed:
            raise
        except (Unavailable, StaleWrite) as failure:
            _log.warning("a run waits", extra={"reason": failure.code})
            await asyncio.sleep(_PAUSE_SECONDS)
