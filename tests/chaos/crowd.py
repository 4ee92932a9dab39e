"""All the people of a run of chaos."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import aiohttp

from bench.upstream import LONG_TEXT, TEXT
from tests.chaos.history import History
from tests.chaos.sockets import RealtimeSocket
from tests.chaos.talkers import Talker
from tests.chaos.wire import Line
from tests.support.api import PASSWORD, new_email

# Half of the conversations are over sockets, which get all that their user says anywhere: so few share one.
_ON_A_SOCKET = 4
_PEOPLE = 8
# The model of an agent, what it says, and how many of ten talk with it.
_AGENTS = (("scripted-50", TEXT, 2), ("scripted-50-20ms", TEXT, 4), ("scripted-200-20ms", LONG_TEXT, 4))
_CHOICES = [(model, script) for model, script, weight in _AGENTS for _ in range(weight)]


class Crowd:
    """People with a key each, agents for all of them, and conversations."""

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str], history: History, seed: int) -> None:
        self._http, self._urls, self._history, self._seed = http, urls, history, seed
        self.talkers: list[Talker] = []
        self._sockets: list[RealtimeSocket] = []

    async def gather(self, count: int) -> None:
        """Sign people up, and open this many conversations."""
        keys = [await self._sign_up() for _ in range(_PEOPLE)]
        for model, _, _ in _AGENTS:
            body = {"slug": model, "name": model, "persona": "You are a test.", "model": model, "visibility": "public"}
            await self._post("/v1/agents", body, keys[0])
        for number in range(count - count // 2):
            self._add(number, keys[number % _PEOPLE], None)
        for first in range(count - count // 2, count, _ON_A_SOCKET):
            await self._add_on_a_socket(range(first, min(first + _ON_A_SOCKET, count)))
        for talker in self.talkers:
            await talker.open()

    async def _add_on_a_socket(self, numbers: range) -> None:
        key, random = await self._sign_up(), Random(f"{self._seed}/socket/{numbers.start}")
        line = Line(self._http, self._urls, key, random)
        self._sockets.append(RealtimeSocket(f"socket of talker {numbers.start}", line, self._history, random))
        for number in numbers:
            self._add(number, key, self._sockets[-1])

    def _add(self, number: int, key: str, socket: RealtimeSocket | None) -> None:
        random = Random(f"{self._seed}/{number}")
        line = Line(self._http, self._urls, key, random)
        model, script = _CHOICES[number % len(_CHOICES)]
        self.talkers.append(Talker(f"talker {number}", line, self._history, random, model, script, socket))

    async def talk(self, seconds: float) -> None:
        """Have everybody talk for so long, and then to the end of what they have begun."""
        ends = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as beside:
            sockets = [beside.create_task(socket.keep_open()) for socket in self._sockets]
            async with asyncio.TaskGroup() as tasks:
                for talker in self.talkers:
                    tasks.create_task(self._talk(talker, ends))
            for socket in sockets:
                socket.cancel()

    @staticmethod
    async def _talk(talker: Talker, ends: float) -> None:
        while asyncio.get_running_loop().time() < ends:
            await talker.turn()

    async def _sign_up(self) -> str:
        signed_up = await self._post("/v1/users", {"email": new_email(), "password": PASSWORD, "name": "Somebody"})
        return str((await self._post("/v1/api-keys", {"name": "chaos"}, signed_up["access_token"]))["key"])

    async def _post(self, path: str, body: Any, token: str = "") -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with self._http.post(self._urls[0] + path, json=body, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return await answer.json()
