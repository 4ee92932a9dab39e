"""Those who talk: one message after another, each said again until it is acknowledged, and each reply watched to its end."""

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any

from tests.chaos.history import History, Said, Viewing
from tests.chaos.sockets import RealtimeSocket
from tests.chaos.viewers import Viewer
from tests.chaos.wire import AGAIN_LATER, AGAIN_LATER_CODES, NO_ANSWER, Answer, Line, answer_of

_PAUSE_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 2.0
_RUN_PATH = "/v1/runs/"


class Talker:
    """One conversation with an agent whose replies are all the same `script`."""

    def __init__(
        self, name: str, line: Line, history: History, random: Random, agent: str, script: str,
        socket: RealtimeSocket | None = None,
    ) -> None:
        self.name, self.session_id, self._socket = name, "", socket
        self.line, self._history, self._random, self._agent, self._script = line, history, random, agent, script
        self._viewer = Viewer(name, line, history, random)
        self._numbers = itertools.count(1)

    async def open(self) -> None:
        """Open the session; nothing is wrong with the machines yet."""
        answer = await self.line.request("POST", "/v1/sessions", {"agent_id": self._agent})
        assert answer.status == 201, answer
        self.session_id = answer.body["id"]

    async def turn(self) -> None:
        """Say one thing, now and then a second one while the reply is made, and see the end of each reply."""
        async with asyncio.TaskGroup() as tasks:
            said = self._say()
            first = tasks.create_task(self._say_and_watch(said, "reject", tasks))
            if self._random.random() < 0.1:
                await self._acknowledged(said, first)
                await asyncio.sleep(self._random.random() * 2)
                tasks.create_task(self._say_and_watch(self._say(), self._random.choice(["enqueue", "interrupt"]), tasks))

    def _say(self) -> Said:
        number = next(self._numbers)
        said = Said(self.session_id, f"{self.name}/{number}", f"This is sentence {number}.", self._script)
        self._history.said.append(said)
        return said

    async def _say_and_watch(self, said: Said, on_active: str, tasks: asyncio.TaskGroup) -> None:
        body = {"content": said.text, "client_message_id": said.client_message_id, "on_active": on_active}
        ways = [self._say_streaming, self._say_streaming, self._say_in_background, self._say_and_wait]
        way = self._random.choice(ways if self._socket is None else [self._say_by_socket])
        viewing: Viewing | None = None
        while viewing is None:
            viewing = await way(said, body)
        self._accompany(viewing, tasks)
        await self._watch(viewing)

    async def _watch(self, viewing: Viewing) -> None:
        """See the reply to its end; who began with a socket may go on without it."""
        if self._socket is not None:
            patience = self._random.random() * _LONGEST_WAIT_SECONDS if self._random.random() < 0.3 else None
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._socket.watch(viewing)
            self._socket.leave(viewing)
        await self._viewer.follow(viewing)

    def _accompany(self, viewing: Viewing, tasks: asyncio.TaskGroup) -> None:
        """Have others watch too, or the reply cancelled."""
        if self._random.random() < 0.25:
            tasks.create_task(self._look_on(viewing.run_id, 0))
        if self._random.random() < 0.1 and not viewing.ended:
            tasks.create_task(self._look_on(viewing.run_id, viewing.cursor))
        if self._random.random() < 0.08:
            tasks.create_task(self._cancel(viewing.run_id))

    async def _say_by_socket(self, said: Said, body: Mapping[str, Any]) -> Viewing | None:
        """Say it over the socket and watch there."""
        assert self._socket is not None
        outcome = await self._socket.say(said, {**body, "session_id": self.session_id})
        if isinstance(outcome, str):
            again = outcome in AGAIN_LATER_CODES or (outcome == "run_active" and body["on_active"] != "reject")
            await self._wait(said, None if again else outcome)
            return None
        return outcome

    async def _say_streaming(self, said: Said, body: Mapping[str, Any]) -> Viewing | None:
        """Say it and watch on the same connection; None when it must be said again."""
        viewing: Viewing | None = None
        url = f"{self.line.entrance()}/v1/sessions/{self.session_id}/messages"
        with suppress(*NO_ANSWER):
            async with self.line.stream("POST", url, {**body, "stream": True}) as answer:
                if answer.status != 200:
                    await self._refused(said, await answer_of(answer), body)
                    return None
                run_id = answer.headers["location"].removeprefix(_RUN_PATH).removesuffix("/events")
                said.run_id = run_id
                viewing = self._viewer.begin(run_id)
                viewing.connections.append(f"{url} with the message")
                await self._viewer.read(viewing, answer)
        return viewing

    async def _say_in_background(self, said: Said, body: Mapping[str, Any]) -> Viewing | None:
        """Say it and be told the run."""
        answer = await self.line.request("POST", self._path(), body, prefer="respond-async")
        if answer.status != 202:
            await self._refused(said, answer, body)
            return None
        return self._accepted(said, answer)

    async def _say_and_wait(self, said: Said, body: Mapping[str, Any]) -> Viewing | None:
        """Say it and wait for the whole reply."""
        answer = await self.line.request("POST", self._path(), body)
        if answer.status != 201:
            await self._refused(said, answer, body)
            return None
        return self._accepted(said, answer)

    def _accepted(self, said: Said, answer: Answer) -> Viewing:
        said.message_id, said.run_id = answer.body["message"]["id"], answer.body["run"]["id"]
        return self._viewer.begin(answer.body["run"]["id"])

    async def _refused(self, said: Said, answer: Answer, body: Mapping[str, Any]) -> None:
        busy = answer.status == 409 and body["on_active"] != "reject"
        again = not answer.status or answer.status in AGAIN_LATER or busy
        await self._wait(said, None if again else answer.code)

    async def _wait(self, said: Said, surprise: str | None) -> None:
        """Wait a little before it is said again, having noted what nobody should be told."""
        if surprise is not None:
            self._history.surprise(f"{self.name} cannot say {said.client_message_id!r}: {surprise}")
        await asyncio.sleep(_PAUSE_SECONDS)

    async def _acknowledged(self, said: Said, saying: "asyncio.Task[None]") -> None:
        while not said.acknowledged and not saying.done():  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def _look_on(self, run_id: str, after: int) -> None:
        await asyncio.sleep(self._random.random() * _LONGEST_WAIT_SECONDS)
        onlooker = Viewer(f"onlooker at {self.name}", self.line, self._history, self._random)
        await onlooker.follow(onlooker.begin(run_id, after))

    async def _cancel(self, run_id: str) -> None:
        await asyncio.sleep(self._random.random() * _LONGEST_WAIT_SECONDS)
        while (answer := await self.line.request("POST", f"{_RUN_PATH}{run_id}/cancel")).status != 200:
            if answer.status and answer.status not in AGAIN_LATER:
                self._history.surprise(f"{self.name} cannot cancel {run_id}: {answer.code}")
            await asyncio.sleep(_PAUSE_SECONDS)

    def _path(self) -> str:
        return f"/v1/sessions/{self.session_id}/messages"
