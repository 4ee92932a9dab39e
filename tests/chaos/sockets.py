"""Talking and watching over WebSocket: one socket for several conversations, opened again anywhere when it is lost."""

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tests.chaos.history import History, Said, Seen, Viewing
from tests.chaos.wire import AGAIN_LATER, AGAIN_LATER_CODES, PATIENCE_SECONDS, Line

_PAUSE_SECONDS = 0.2
_LOST = (WebSocketException, OSError, EOFError, TimeoutError)


class Saying:
    """A message on its way, until its run is heard of, or an error's code."""

    def __init__(self, said: Said, fields: Mapping[str, Any]) -> None:
        self.said, self.fields = said, fields
        self.outcome: asyncio.Future[Viewing | str] = asyncio.get_running_loop().create_future()


class Watch:
    """A run that is watched; what comes before the event that bears the label of our asking is none of it."""

    def __init__(self, viewing: Viewing, label: str | None = None) -> None:
        self.viewing, self.label = viewing, label
        self.over = asyncio.Event()

    def take(self, event: Seen, label: str | None) -> None:
        """Note an event."""
        if self.label is not None and label == self.label:
            self.label = None
        if self.label is None:
            self.viewing.events.append(event)
        if self.viewing.ended:
            self.over.set()


class RealtimeSocket:
    """A user's socket, which is there as long as `keep_open` runs."""

    def __init__(self, name: str, line: Line, history: History, random: Random) -> None:
        self.name, self._line, self._history, self._random = name, line, history, random
        self._connection: ClientConnection | None = None
        self._sayings: dict[str, Saying] = {}
        self._watches: dict[str, Watch] = {}
        self._heard = defaultdict[str, list[Seen]](list)
        self._labels = map(str, itertools.count(1))
        self._url = ""
        self._asking: set[asyncio.Task[None]] = set()

    async def keep_open(self) -> None:
        """Have a connection, to any entrance, again and again, until this task is cancelled."""
        while True:
            self._url = self._line.entrance().replace("http://", "ws://") + "/v1/realtime"
            try:
                async with connect(
                    self._url, additional_headers=self._line.headers, compression=None, proxy=None, max_size=None,
                    ping_interval=None, open_timeout=PATIENCE_SECONDS, close_timeout=1,
                ) as self._connection:
                    await self._take_up()
                    await self._read(self._connection)
            except InvalidStatus as refused:
                if refused.response.status_code not in AGAIN_LATER:
                    self._history.surprise(f"{self.name} cannot open a socket: {refused.response.status_code}")
            except _LOST:
                pass
            self._connection = None
            await asyncio.sleep(_PAUSE_SECONDS * self._random.random())

    async def say(self, said: Said, fields: Mapping[str, Any]) -> Viewing | str:
        """Say something for as long as it takes to be answered; return the viewing that has begun, or an error's code."""
        saying, label = Saying(said, fields), next(self._labels)
        self._sayings[label] = saying
        await self._ask("message.create", event_id=label, **fields)
        return await saying.outcome

    async def watch(self, viewing: Viewing) -> None:
        """Return when the run has ended."""
        if viewing.run_id in self._watches:
            await self._watches[viewing.run_id].over.wait()

    def leave(self, viewing: Viewing) -> None:
        """Watch the run no longer."""
        self._watches.pop(viewing.run_id, None)

    async def _read(self, connection: ClientConnection) -> None:
        while True:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    frame = json.loads(await connection.recv())
            except TimeoutError:
                if self._sayings or self._watches:
                    raise
                continue
            if frame["type"] == "error":
                self._refused(frame)
            elif "seq" in frame:
                self._take(frame["run_id"], Seen.of(frame, asyncio.get_running_loop().time()), frame.get("event_id"))

    def _take(self, run_id: str, event: Seen, label: str | None) -> None:
        if label in self._sayings:
            self._begin(self._sayings.pop(label), run_id, event)
        elif run_id in self._watches:
            self._watches[run_id].take(event, label)
            if self._watches[run_id].over.is_set():
                del self._watches[run_id]
        else:
            self._heard[run_id].append(event)

    def _begin(self, saying: Saying, run_id: str, event: Seen) -> None:
        """Note that a message is acknowledged; the socket may have heard the beginning of the run already."""
        heard = [] if event.seq == 1 else self._heard.pop(run_id, [])
        viewing = Viewing(f"{self.name} (socket)", run_id, 0, [*heard, event], [f"{self._url} with the message"])
        self._history.viewings.append(viewing)
        saying.said.run_id = run_id
        if not viewing.ended:
            self._watches[run_id] = Watch(viewing)
        saying.outcome.set_result(viewing)

    def _refused(self, frame: Mapping[str, Any]) -> None:
        label, code = frame["event_id"], frame["error"]["code"]
        watch = next((one for one in self._watches.values() if label is not None and one.label == label), None)
        if label in self._sayings:
            self._sayings.pop(label).outcome.set_result(code)
        elif code not in AGAIN_LATER_CODES:
            self._history.surprise(f"{self.name} cannot watch {frame.get('run_id')}: {code}")
        elif watch is not None or frame.get("run_id") in self._watches:
            self._later(watch or self._watches[frame["run_id"]])

    def _later(self, watch: Watch) -> None:
        async def ask_again() -> None:
            await asyncio.sleep(_PAUSE_SECONDS)
            if self._watches.get(watch.viewing.run_id) is watch:
                await self._follow(watch)

        task = asyncio.create_task(ask_again())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _take_up(self) -> None:
        """Say again what had no answer, and watch on from where each viewing is."""
        self._heard.clear()
        for label, saying in tuple(self._sayings.items()):
            await self._ask("message.create", event_id=label, **saying.fields)
        for watch in tuple(self._watches.values()):
            await self._follow(watch)

    async def _follow(self, watch: Watch) -> None:
        watch.label, viewing = next(self._labels), watch.viewing
        viewing.connections.append(f"{self._url} after {viewing.cursor}")
        await self._ask("run.follow", event_id=watch.label, run_id=viewing.run_id, starting_after=viewing.cursor or -1)

    async def _ask(self, kind: str, **fields: Any) -> None:
        """Send a frame; what cannot be sent now is sent when there is a connection again."""
        if self._connection is not None:
            with suppress(ConnectionClosed):
                await self._connection.send(json.dumps({"type": kind, **fields}))
