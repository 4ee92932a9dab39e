"""Who writes and reads: each thing has one writer, who moves from node to node, and others who look at it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import aiohttp

from tests.chaos.cluster import Cluster
from tests.chaos.node import Node
from tests.chaos.wire import NO_ANSWER, Answer, answer_of
from tests.coherence.record import Record, Seen, Write
from tests.support.api import PASSWORD, new_email

_PATIENCE = aiohttp.ClientTimeout(total=8)
# What was not answered may yet be done: so long its writer writes nothing else.
_UNSURE_SECONDS = 3.0
_FIRST_PAGE = "?limit=100"
Find = Callable[[Any], int]


class Phone:
    """Asks any node, or a certain one."""

    def __init__(self, http: aiohttp.ClientSession, cluster: Cluster, record: Record, random: Random) -> None:
        self._http, self._cluster, self.record, self._random = http, cluster, record, random

    def node(self) -> Node:
        """Return a node, which may be gone."""
        return self._random.choice(self._cluster.nodes)

    @property
    def nodes(self) -> list[Node]:
        """All of them."""
        return self._cluster.nodes

    async def ask(self, node: Node, method: str, path: str, token: str = "", body: Any = None, **headers: str) -> Answer:
        """Ask once; status 0 tells that no answer came."""
        signed = {"authorization": f"Bearer {token}"} if token else {}
        try:
            async with self._http.request(
                method, f"http://127.0.0.1:{node.port}{path}", json=body, headers=signed | headers, timeout=_PATIENCE,
                skip_auto_headers=("content-type",),
            ) as answer:
                return await answer_of(answer)
        except NO_ANSWER:
            self.record.unanswered += 1
            return Answer(0, {})

    async def write(self, key: str, version: int, method: str, path: str, token: str, body: Any = None, **headers: str) -> Answer:
        """Write at any node, and note it when it is acknowledged."""
        node, sent = self.node(), time.time()
        answer = await self.ask(node, method, path, token, body, **headers)
        if 200 <= answer.status < 300:
            self.record.writes.append(Write(key, version, node.name, sent, time.time()))
        elif answer.status and answer.status < 500 and answer.status not in {409, 429}:
            self.record.surprises.append(f"{method} {path} at {node.name}: {answer.code}")
        else:
            await asyncio.sleep(_UNSURE_SECONDS)
        return answer

    async def look(
        self, key: str, path: str, token: str, find: Find, how: str, *, writer: bool, node: Node | None = None
    ) -> None:
        """Read at any node, and note which version is there: `find` takes it out of the body."""
        asked, began = node or self.node(), time.time()
        answer = await self.ask(asked, "GET", path, token)
        if answer.status == 200:
            self.record.seen.append(Seen(key, find(answer.body), asked.name, began, time.time(), how, writer))
        elif answer.status and answer.status < 500 and answer.status != 429:
            self.record.surprises.append(f"GET {path} at {asked.name}: {answer.code}")


class Person:
    """Somebody with an agent and a session, of which the numbers are counted up."""

    def __init__(self, phone: Phone, random: Random) -> None:
        self._phone, self._random = phone, random
        self._email = new_email()
        self._token = self._agent = self._session = ""
        self._versions = {"session": 0, "agent": 0, "messages": 0}

    async def arrive(self) -> None:
        """Sign up, and make what will be changed."""
        self._token = (await self._made("/v1/users", {"email": self._email, "password": PASSWORD, "name": "P"}))["access_token"]
        slug = self._email.split("@")[0]
        body = {"slug": slug, "name": "0", "persona": "A test.", "model": "scripted-50", "visibility": "public"}
        self._agent = (await self._made("/v1/agents", body))["id"]
        self._session = (await self._made("/v1/sessions", {"agent_id": slug, "metadata": {"version": "0"}}))["id"]

    async def live(self, ends: float) -> None:
        """Do one thing after another, and look on at the same time."""
        doings = (self._change_session, self._change_agent, self._say, self._come_and_go)
        async with asyncio.TaskGroup() as tasks:
            for doing in doings:
                tasks.create_task(self._again(doing, ends, 0.15))
            for _ in range(2):
                tasks.create_task(self._again(self._look_on, ends, 0.05))

    async def _again(self, doing: Callable[[], Awaitable[None]], ends: float, pause: float) -> None:
        while time.time() < ends:
            await doing()
            await asyncio.sleep(self._random.random() * pause)

    async def _change_session(self) -> None:
        version = self._next("session")
        body: dict[str, Any] = {"metadata": {"version": str(version)}, "title": f"Title {version}", "archived": version % 2 == 0}
        answer = await self._phone.write(f"session {self._session}", version, "PATCH", self._path, self._token, body)
        if answer.status == 200:
            await asyncio.gather(*[self._look_at_session(writer=True) for _ in range(2)], self._look_at_list(writer=True))

    async def _change_agent(self) -> None:
        version, path = self._next("agent"), f"/v1/agents/{self._agent}"
        answer = await self._phone.write(f"agent {self._agent}", version, "PATCH", path, self._token, {"name": str(version)})
        if answer.status == 200:
            await asyncio.gather(self._look_at_agent(writer=True), self._look_at_catalogue(writer=True))

    async def _say(self) -> None:
        """Say something, and look for it among the messages and in the session."""
        number = self._next("messages")
        body = {"content": "Hello!", "client_message_id": f"said-{number}", "on_active": "enqueue"}
        key = f"messages {self._session}"
        path = f"{self._path}/messages"
        answer = await self._phone.write(key, number, "POST", path, self._token, body, prefer="respond-async")
        if answer.status == 202:
            said = answer.body["message"]
            await self._phone.look(
                key, path + _FIRST_PAGE, self._token,
                lambda page: number if any(one["id"] == said["id"] for one in page["data"]) else number - 1, "page", writer=True,
            )
            await self._phone.look(
                key, self._path, self._token, lambda found: number if found["head_seq"] >= said["seq"] else number - 1, "head",
                writer=True,
            )

    async def _come_and_go(self) -> None:
        """Sign in, be known everywhere, sign out, be known nowhere."""
        answer = await self._phone.ask(
            self._phone.node(), "POST", "/v1/auth/login", body={"email": self._email, "password": PASSWORD}
        )
        if answer.status != 200:
            return
        token = answer.body["access_token"]
        for node in self._phone.nodes:
            await self._phone.ask(node, "GET", "/v1/users/me", token)
        key = f"token {self._email} {self._next_token()}"
        out = await self._phone.write(key, 1, "POST", "/v1/auth/logout", token)
        for node in self._phone.nodes if out.status == 204 else ():
            began = time.time()
            tried = await self._phone.ask(node, "GET", "/v1/users/me", token)
            if tried.status in {200, 401}:
                version = int(tried.status == 401)
                self._phone.record.seen.append(Seen(key, version, node.name, began, time.time(), "use", writer=True))
        await asyncio.sleep(0.5)

    async def _look_on(self) -> None:
        looks = (self._look_at_session, self._look_at_list, self._look_at_agent, self._look_at_catalogue)
        await self._random.choice(looks)(writer=False)

    async def _look_at_session(self, *, writer: bool) -> None:
        await self._phone.look(f"session {self._session}", self._path, self._token, _version, "id", writer=writer)

    async def _look_at_list(self, *, writer: bool) -> None:
        def find(page: Any) -> int:
            return next(_version(one) for one in page["data"] if one["id"] == self._session)

        await self._phone.look(f"session {self._session}", "/v1/sessions" + _FIRST_PAGE, self._token, find, "list", writer=writer)

    async def _look_at_agent(self, *, writer: bool) -> None:
        name = self._random.choice([self._agent, self._email.split("@")[0]])
        token = self._random.choice([self._token, ""])
        await self._phone.look(
            f"agent {self._agent}", f"/v1/agents/{name}", token, lambda found: int(found["name"]), "name", writer=writer
        )

    async def _look_at_catalogue(self, *, writer: bool) -> None:
        def find(page: Any) -> int:
            return next(int(one["name"]) for one in page["data"] if one["id"] == self._agent)

        await self._phone.look(f"agent {self._agent}", "/v1/agents" + _FIRST_PAGE, "", find, "catalogue", writer=writer)

    @property
    def _path(self) -> str:
        return f"/v1/sessions/{self._session}"

    def _next(self, what: str) -> int:
        self._versions[what] += 1
        return self._versions[what]

    def _next_token(self) -> int:
        self._versions["token"] = self._versions.get("token", 0) + 1
        return self._versions["token"]

    async def _made(self, path: str, body: Any) -> Any:
        answer = await self._phone.ask(self._phone.nodes[0], "POST", path, self._token, body)
        assert answer.status == 201, answer
        return answer.body


def _version(session: Any) -> int:
    return int(session["metadata"]["version"])
