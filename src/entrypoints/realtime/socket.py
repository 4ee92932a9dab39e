"""One client's socket."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from litestar.types import Receive, Send

from application.actor import Actor
from application.ports.run_bell import BellFeed, RunBell
from application.users.authenticate import AuthenticateCommand
from domain.shared.errors import DomainError, Unauthenticated
from domain.shared.identifiers import RunId
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.shedding import Shedding
from entrypoints.http.stall_watch import StallWatch
from entrypoints.realtime.commands import Commands
from entrypoints.realtime.follower import Follower
from entrypoints.realtime.following import FollowedRuns, TooManyRuns
from entrypoints.realtime.frames import label_of, read_frame
from entrypoints.realtime.line import Line
from entrypoints.realtime.saying import Saying

RESTARTING: Final = (1012, "the node restarts")
TOO_SLOW: Final = (1013, "the client does not read")
SIGNED_OUT: Final = (4401, "the sign-in has ended")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SocketParts:
    """What sockets are made of; the use cases are instances of their classes, or stand in for them."""

    authenticate: Any
    admit_request: Any
    send_message: Any
    cancel_run: Any
    follow_run: Any
    bell: RunBell
    streams: OpenStreams
    shedding: Shedding
    most_runs: int = 50
    most_commands: int = 20
    opening: Sequence[tuple[bytes, bytes]] = ()


class Socket:
    """Reads a client's frames and listens for the runs of its user, until one side has had enough."""

    __slots__ = ("_actor", "_commands", "_ending", "_line", "_open", "_parts", "_runs", "_secret")

    def __init__(self, parts: SocketParts, secret: str, actor: Actor, send: Send, request_id: str) -> None:
        self._parts, self._secret, self._actor = parts, secret, actor
        self._line = Line(send, StallWatch(parts.streams.pace.patience, partial(self._end, TOO_SLOW)), request_id)
        self._runs = FollowedRuns(parts.follow_run, parts.streams, self._line, parts.most_runs)
        self._commands = Commands(
            Saying(parts.admit_request, parts.send_message, parts.shedding), parts.cancel_run, self._runs, self._line,
            parts.most_commands,
        )
        self._ending: tuple[int, str] | None = None
        self._open: asyncio.Timeout | None = None

    async def serve(self, receive: Receive, subprotocol: str | None, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Accept the client and return when it has left, or was told why it has to."""
        leave = partial(self._end, RESTARTING)
        self._parts.streams.add_socket(leave)
        try:
            with closing(await self._parts.bell.listen(self._actor.user_id)) as bell:
                await self._line.open(subprotocol, (*self._parts.opening, *headers))
                await self._converse(receive, bell)
        finally:
            self._parts.streams.remove_socket(leave)
            await self._runs.close()
            await self._line.close(self._ending)
        await self._commands.finish()

    def _end(self, why: tuple[int, str]) -> None:
        """Have `serve` close the socket, whatever it is waiting for."""
        if self._ending is None:
            self._ending = why
            if self._open is not None:
                self._open.reschedule(asyncio.get_running_loop().time())

    async def _converse(self, receive: Receive, bell: BellFeed) -> None:
        listening = asyncio.create_task(self._listen(bell))
        try:
            async with asyncio.timeout(0 if self._ending else None) as self._open:
                while (message := await receive())["type"] != "websocket.disconnect":
                    await self._take(message.get("text"))  # type: ignore[arg-type]
        except TimeoutError:
            if self._ending is None:
                raise
        finally:
            self._open = None
            listening.cancel()

    async def _take(self, text: str | None) -> None:
        try:
            await self._look_again()
            frame = read_frame(text)
        except Unauthenticated:
            self._end(SIGNED_OUT)
        except DomainError as error:
            await self._line.tell_error(error, label_of(text))
        else:
            await self._commands.take(self._actor, frame)

    async def _look_again(self) -> None:
        self._actor = await self._parts.authenticate.execute(AuthenticateCommand(self._secret))

    async def _listen(self, bell: BellFeed) -> None:
        """Follow what rings; and see, now and then, whether the sign-in still stands."""
        loop, every = asyncio.get_running_loop(), self._parts.streams.pace.recheck
        due = loop.time() + every
        while True:
            for run_id in await bell.next(max(0.0, due - loop.time())):
                await self._hear(run_id)
            if loop.time() >= due:
                due = loop.time() + every
                await self._recheck()

    async def _hear(self, run_id: RunId) -> None:
        if not self._runs.knows(run_id):
            try:
                self._runs.follow(Follower(self._actor, run_id))
            except TooManyRuns as error:
                await self._line.tell_error(error, run_id=run_id)

    async def _recheck(self) -> None:
        try:
            await self._look_again()
        except Unauthenticated:
            self._end(SIGNED_OUT)
        except DomainError as failure:
            _log.warning("a socket's sign-in cannot be looked at now", extra={"reason": failure.code})
