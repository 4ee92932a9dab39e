"""Sockets without a network: what a client is told lies in a list."""

import asyncio
import json
from typing import Any

from application.actor import Actor
from application.runs.cancel_run import CancelRunCommand
from application.runs.transcript import TranscriptFeed, Transcripts
from application.runs.views import RunView
from domain.runs.run import RunStatus
from domain.shared.errors import DomainError
from domain.shared.identifiers import RunId, SessionId
from domain.users.plan import Plan
from entrypoints.http.stall_watch import StallWatch
from entrypoints.realtime.line import Line
from tests.support.builders import NOW, new_user_id


class Client:
    """Reads what it is told, or not (`reading`)."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.line = Line(self._take, StallWatch(60, lambda: None), "req_test")

    async def _take(self, message: Any) -> None:
        self.frames.append(json.loads(message["text"]))
        await self.reading.wait()


class FollowTranscripts:
    """Follows whatever transcripts there are, but for a `failure`; `cursors` are those it was asked for."""

    def __init__(self) -> None:
        self.transcripts = Transcripts()
        self.failure: DomainError | None = None
        self.cursors: list[int] = []

    async def execute(self, actor: Actor, run_id: RunId, after: int, known: RunView | None = None) -> TranscriptFeed:
        self.cursors.append(after)
        if self.failure is not None:
            raise self.failure
        return self.transcripts.open(run_id).feed(max(after, 0))


class CancelWhenTold:
    """Cancels nothing before it may; `most` is how many it had to cancel at once."""

    def __init__(self) -> None:
        self.allowed = asyncio.Event()
        self.under_way = self.most = 0

    async def execute(self, command: CancelRunCommand) -> RunView:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.allowed.wait()
        self.under_way -= 1
        return RunView(command.run_id, SessionId("session_x"), RunStatus.CANCELLED, 1, None, None, NOW, NOW, 3)


def somebody() -> Actor:
    """Return a caller."""
    return Actor(new_user_id(), Plan.FREE)
