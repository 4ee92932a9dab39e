"""What a client's frames ask for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from application.actor import Actor
from application.ports.run_log import End, RunEvent
from application.runs.cancel_run import CancelRunCommand
from domain.shared.errors import DomainError, Unavailable
from entrypoints.http.parameters import run_in_path
from entrypoints.realtime.follower import Follower
from entrypoints.realtime.following import FollowedRuns
from entrypoints.realtime.frames import ClientFrame, MessageCreate, Ping, RunCancel, RunFollow, event_frame, pong
from entrypoints.realtime.line import Line
from entrypoints.realtime.saying import Saying

Work = Callable[[], Awaitable[None]]
_log = logging.getLogger(__name__)


class Commands:
    """Carries out at most `most` commands at once; what is said in one session is said in order."""

    __slots__ = ("_cancel_run", "_line", "_most", "_runs", "_say_one", "_saying", "_tasks")

    def __init__(self, saying: Saying, cancel_run: Any, runs: FollowedRuns, line: Line, most: int) -> None:
        self._say_one, self._cancel_run, self._runs, self._line, self._most = saying, cancel_run, runs, line, most
        self._tasks: set[asyncio.Task[None]] = set()
        self._saying: dict[str, asyncio.Task[None]] = {}

    async def take(self, actor: Actor, frame: ClientFrame) -> None:
        """Begin what is asked for, as soon as there is room for one more."""
        match frame:
            case Ping():
                await self._line.tell(pong(frame.event_id))
            case RunFollow():
                await self._answered(frame.event_id, partial(self._follow, actor, frame))
            case RunCancel():
                await self._begin(frame.event_id, partial(self._cancel, actor, frame))
            case MessageCreate():
                said_before = self._saying.get(frame.session_id)
                task = await self._begin(frame.event_id, partial(self._say, actor, frame, said_before))
                self._saying[frame.session_id] = task
                task.add_done_callback(partial(self._said, frame.session_id))

    async def finish(self) -> None:
        """Wait for what was begun: a message is stored or refused, but never left half way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _begin(self, event_id: str | None, work: Work) -> "asyncio.Task[None]":
        while len(self._tasks) >= self._most:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._answered(event_id, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _answered(self, event_id: str | None, work: Work) -> None:
        try:
            await work()
        except DomainError as error:
            await self._line.tell_error(error, event_id)
        except Exception:  # noqa: BLE001  (one frame's misfortune is not the socket's)
            _log.exception("unhandled error")
            await self._line.tell_error(None, event_id)

    async def _follow(self, actor: Actor, frame: RunFollow) -> None:
        await self._say_one.admit(actor)
        self._runs.follow(Follower(actor, run_in_path(frame.run_id), frame.starting_after, event_id=frame.event_id))

    async def _cancel(self, actor: Actor, frame: RunCancel) -> None:
        await self._say_one.admit(actor)
        run_id = run_in_path(frame.run_id)
        followed = run_id in self._runs
        run = await self._cancel_run.execute(CancelRunCommand(actor, run_id))
        if not run.status.terminal:
            raise Unavailable("The run has not stopped yet.")
        if not followed:
            await self._line.tell(event_frame(RunEvent(run.id, run.last_seq, End(run.status)), frame.event_id))

    async def _say(self, actor: Actor, frame: MessageCreate, said_before: "asyncio.Task[None] | None") -> None:
        if said_before is not None:
            await asyncio.wait({said_before})
        with self._runs.expecting_one():
            accepted = await self._say_one.execute(actor, frame)
            # Not a moment later: the bell rings for this socket too.
            self._runs.join(Follower(actor, accepted.run.id, known=accepted.run, event_id=frame.event_id))

    def _said(self, session_id: str, task: "asyncio.Task[None]") -> None:
        if self._saying.get(session_id) is task:
            del self._saying[session_id]
