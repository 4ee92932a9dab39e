"""Commands of a whole process to a cluster: one connection to each master, each command to the one that has its key."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from adapters.redis.cluster_map import ClusterMap
from adapters.redis.commands import Commands
from adapters.redis.places import OneServer
from adapters.redis.redirects import Redirect, redirect_of
from adapters.redis.resp import Command
from adapters.redis.server_pipe import ServerPipe
from adapters.redis.slots import slot_of, slot_of_key
from domain.shared.errors import Unavailable

_MOST_REDIRECTS: Final = 5


class ClusterPipe(Commands):
    """A command is sent again only when a server says that it did not carry it out, for another one has the key (MOVED, ASK).

    SCRIPT goes to the servers of the commands beside it, alone to all of them, as PING does; PUBLISH goes to any.
    """

    def __init__(self, servers: ClusterMap, *, patience: float) -> None:
        self._map, self._patience = servers, patience
        self._pipes: dict[str, ServerPipe] = {}
        # The masters that were there first, until there is a pipe to them: all others have taken over from somebody.
        self._first: set[str] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def connected(self) -> bool:
        """Whether there is a connection to any server."""
        return any(pipe.connected for pipe in self._pipes.values())

    @property
    def renewed_at(self) -> float:
        """When there was a connection again, or one to a master that took over."""
        return max((pipe.renewed_at for pipe in self._pipes.values()), default=-math.inf)

    def keeper(self, key: str) -> str:
        """Return the address of the master that has the key, as far as is known."""
        return self._map.masters.get(slot_of_key(key), "")

    def together(self, keys: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return those of a slot together."""
        groups: defaultdict[int, list[str]] = defaultdict(list)
        for key in keys:
            groups[slot_of_key(key)].append(key)
        return [*groups.values()]

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answers; those that have a server which is away make it Unavailable."""
        if not self._map.masters:
            await self._refresh()
        parts = self._parts(commands)
        try:
            await asyncio.gather(*[self._pipe(url).open() for url in parts])
        except Unavailable:
            self._refresh_later()
            raise
        return await self.submit(commands)

    def submit(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]]":
        """Send to each server what is its own."""
        sent: list[tuple[list[int], asyncio.Future[list[Any]]]] = []
        try:
            for url, places in self._parts(commands).items():
                sent.append((places, self._pipe(url).submit([commands[place] for place in places])))
        except Unavailable:
            self._refresh_later()
            if not sent:
                raise
            sent.append(([], _unavailable()))
        return self._keep(asyncio.create_task(self._collect(commands, sent)))

    async def open(self) -> None:
        """Connect to all masters; Unavailable."""
        await self._refresh()
        await asyncio.gather(*[self._pipe(url).open() for url in self._masters()])

    async def close(self) -> None:
        """Close the connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._map.close()
        await asyncio.gather(*[pipe.close() for pipe in self._pipes.values()])

    async def _collect(
        self, commands: Sequence[Command], sent: Sequence[tuple[list[int], "asyncio.Future[list[Any]]"]]
    ) -> list[Any]:
        outcomes = await asyncio.gather(*[answered for _, answered in sent], return_exceptions=True)
        answers: list[Any] = [None] * len(commands)
        for (places, _), outcome in zip(sent, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                self._refresh_later()
                raise outcome
            for place, answer in zip(places, outcome, strict=True):
                if not isinstance(answers[place], Exception):
                    answers[place] = answer
        return [await self._follow(command, answer) for command, answer in zip(commands, answers, strict=True)]

    async def _follow(self, command: Command, answer: Any) -> Any:
        """Return the answer of the server that has the key, if this one has not."""
        for _ in range(_MOST_REDIRECTS):
            redirect = redirect_of(answer)
            if redirect is None:
                return answer
            answer = await self._send_on(command, redirect)
        raise Unavailable("The servers of the cluster send each other a key.")

    async def _send_on(self, command: Command, redirect: Redirect) -> Any:
        pipe = self._pipe(self._map.at(redirect.host, redirect.port))
        if redirect.asking:
            return (await pipe.ask(("ASKING",), command))[1]
        self._refresh_later()
        return (await pipe.ask(command))[0]

    def _parts(self, commands: Sequence[Command]) -> dict[str, list[int]]:
        """Return the places of the commands that go to each server; Unavailable when nobody has a slot."""
        parts: defaultdict[str, list[int]] = defaultdict(list)
        slots = [slot_of(command) for command in commands]
        keyed = {self._master(slot) for slot in slots if slot is not None}
        for place, (command, slot) in enumerate(zip(commands, slots, strict=True)):
            for url in {self._master(slot)} if slot is not None else self._of_no_key(command, keyed):
                parts[url].append(place)
        return parts

    def _of_no_key(self, command: Command, keyed: set[str]) -> Iterable[str]:
        if command[0] == "PUBLISH":
            masters = self._masters()
            return [next((url for url in masters if self._pipe(url).connected), masters[0])]
        return keyed or self._masters()

    def _master(self, slot: int) -> str:
        url = self._map.masters.get(slot)
        if url is None:
            self._refresh_later()
            raise Unavailable("No server of the cluster has this key now.")
        return url

    def _masters(self) -> list[str]:
        masters = list(dict.fromkeys(self._map.masters.values()))
        if not masters:
            raise Unavailable("No server of the cluster is known.")
        return masters

    def _pipe(self, url: str) -> ServerPipe:
        if url not in self._pipes:
            if self._first is None:
                self._first = set(self._map.masters.values())
            self._pipes[url] = ServerPipe(OneServer(url), patience=self._patience, successor=url not in self._first)
            self._first.discard(url)
        return self._pipes[url]

    async def _refresh(self) -> None:
        try:
            await self._map.refresh()
        except OSError as failure:  # asyncio's TimeoutError is one
            raise Unavailable("No server of the cluster can be reached.") from failure
        masters = set(self._map.masters.values())
        for url in [url for url, pipe in self._pipes.items() if url not in masters and pipe.idle]:
            await self._pipes.pop(url).close()

    def _refresh_later(self) -> None:
        async def refresh() -> None:
            with suppress(Unavailable):
                await self._refresh()

        self._keep(asyncio.create_task(refresh()))

    def _keep(self, task: "asyncio.Task[Any]") -> "asyncio.Task[Any]":
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _unavailable() -> "asyncio.Future[list[Any]]":
    failed: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
    failed.set_exception(Unavailable("A server of the cluster cannot be reached."))
    return failed
