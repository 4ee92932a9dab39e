"""The runs that one socket follows: each a task, which is a cursor into the run's log."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from domain.shared.errors import DomainError, LimitExceeded
from domain.shared.identifiers import RunId
from entrypoints.http.event_stream import OpenStreams
from entrypoints.realtime.follower import Follower
from entrypoints.realtime.line import Line

_log = logging.getLogger(__name__)


class TooManyRuns(LimitExceeded):
    """The socket follows as many runs as it may."""

    code = "too_many_runs"


class FollowedRuns:
    """At most `most` followers, one per run."""

    __slots__ = ("_closed", "_expected", "_follow_run", "_following", "_line", "_most", "_streams", "_told")

    def __init__(self, follow_run: Any, streams: OpenStreams, line: Line, most: int) -> None:
        self._follow_run, self._streams, self._line, self._most = follow_run, streams, line, most
        self._following: dict[RunId, tuple[Follower, asyncio.Task[None]]] = {}
        # Runs that were followed here, the newest last: their bell may ring when they have ended already.
        self._told: dict[RunId, None] = {}
        self._expected, self._closed = 0, False

    def __contains__(self, run_id: RunId) -> bool:
        return run_id in self._following

    def knows(self, run_id: RunId) -> bool:
        """Whether the run is followed, or was not long ago."""
        return run_id in self._following or run_id in self._told

    def follow(self, follower: Follower) -> None:
        """Begin; a run that is followed already is begun anew. TooManyRuns."""
        former = self._following.pop(follower.run_id, None)
        if former is None:
            self._require_room()
        else:
            former[1].cancel()
        self._begin(follower)

    @contextmanager
    def expecting_one(self) -> Iterator[None]:
        """Keep room for a run that is about to begin; TooManyRuns."""
        self._require_room()
        self._expected += 1
        try:
            yield
        finally:
            self._expected -= 1

    def join(self, follower: Follower) -> None:
        """Begin, in the room that was kept; a run that is followed already goes on, and its next event bears the `event_id`."""
        found = self._following.get(follower.run_id)
        if found is None:
            self._begin(follower)
        else:
            found[0].event_id = follower.event_id

    async def close(self) -> None:
        """Follow nothing any more."""
        self._closed = True
        tasks = [task for _, task in self._following.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _require_room(self) -> None:
        if len(self._following) + self._expected >= self._most:
            raise TooManyRuns(f"One socket follows at most {self._most} runs at once.")

    def _begin(self, follower: Follower) -> None:
        if not self._closed:
            task = asyncio.create_task(self._tell(follower))
            self._following[follower.run_id] = (follower, task)
            task.add_done_callback(partial(self._forget, follower.run_id))

    async def _tell(self, follower: Follower) -> None:
        try:
            await follower.follow(self._follow_run, self._streams, self._line)
        except DomainError as error:
            await self._line.tell_error(error, follower.event_id, follower.run_id)
        except Exception:  # noqa: BLE001  (one run's misfortune is not the socket's)
            _log.exception("a run cannot be followed")
            await self._line.tell_error(None, follower.event_id, follower.run_id)

    def _forget(self, run_id: RunId, task: "asyncio.Task[None]") -> None:
        found = self._following.get(run_id)
        if found is not None and found[1] is task:
            del self._following[run_id]
            self._told[run_id] = None
            if len(self._told) > self._most:
                del self._told[next(iter(self._told))]
