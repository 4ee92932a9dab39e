"""People who go on writing whatever happens, and remember what was acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.cli.nodes import Node
from tests.integration.failover.members import PatroniCluster
from tests.support.api import Caller
from tests.support.processes import until

_TRY_AGAIN = {409, 429, 503}
_PAUSE_SECONDS = 0.05
_STORED = "SELECT client_message_id, content::text AS content, role FROM shard.messages WHERE session_id = $1 ORDER BY seq"
_UNFINISHED = "SELECT count(*) FROM shard.runs WHERE session_id = ANY($1) AND finished_at IS NULL"
_REPLIES = """
    SELECT r.status, r.attempt, r.error_code, count(m.id) AS replies
    FROM shard.runs r LEFT JOIN shard.messages m ON m.run_id = r.id AND m.role = 'assistant'
    WHERE r.session_id = ANY($1) GROUP BY r.id
"""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A message that was accepted: its text, and when the request was begun and answered."""

    text: str
    begun: float
    answered: float


class Writer:
    """Says one thing after another in a conversation; each is said again until it is accepted."""

    def __init__(self, name: str, caller: Caller, session: str) -> None:
        self.name, self.session = name, session
        self.acknowledged: list[Acknowledged] = []
        self.has_more_to_say = True
        self._caller = caller

    async def write(self) -> None:
        """Write until there is no more to say and all that was said is acknowledged."""
        number = 0
        while self.has_more_to_say:
            number += 1
            text = f"{self.name} says {number}."
            while not await self._say(text):  # noqa: ASYNC110  (nobody tells us when it is worth trying)
                await asyncio.sleep(_PAUSE_SECONDS)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def read(self) -> list[str]:
        """Return all that the person said, as the conversation shows it."""
        texts: list[str] = []
        parameters: dict[str, Any] = {"order": "asc", "limit": 100}
        more = True
        while more:
            page = (await self._caller.get(f"/v1/sessions/{self.session}/messages", params=parameters)).json()
            texts += [message["content"][0]["text"] for message in page["data"] if message["role"] == "user"]
            parameters["after"], more = page["last_id"], page["has_more"]
        return texts

    async def _say(self, text: str) -> bool:
        begun = asyncio.get_running_loop().time()
        body = {"content": text, "client_message_id": text, "on_active": "enqueue"}
        try:
            path = f"/v1/sessions/{self.session}/messages"
            answer = await self._caller.post(path, body, headers={"prefer": "respond-async"})
        except httpx.TransportError:
            return False
        assert answer.status_code in {202, *_TRY_AGAIN}, answer.text
        if answer.status_code == 202:
            self.acknowledged.append(Acknowledged(text, begun, asyncio.get_running_loop().time()))
        return answer.status_code == 202


class Writers:
    """Several of them, and what must be true of what they wrote."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        self._writers = writers

    async def each_heard(self, count: int, since: float = 0.0) -> float:
        """Wait until each has so many acknowledgements of what was begun since; return the moment of the first of them all."""
        def heard(writer: Writer) -> list[float]:
            return [one.answered for one in writer.acknowledged if one.begun >= since]

        async def all_heard() -> bool:
            return all(len(heard(writer)) >= count for writer in self._writers)

        await until(all_heard, within=90)
        return min(moment for writer in self._writers for moment in heard(writer))

    async def any_heard(self, since: float) -> float:
        """Wait for the first acknowledgement of what was begun since, and return its moment."""
        async def found() -> bool:
            return any(writer.acknowledged and writer.acknowledged[-1].begun >= since for writer in self._writers)

        await until(found, within=90)
        return min(one.answered for writer in self._writers for one in writer.acknowledged if one.begun >= since)

    async def require_all_kept_once(self, cluster: PatroniCluster) -> None:
        """Look that all that was acknowledged is with the primary of now, once, and that people are shown it."""
        connection = await cluster.connect()
        try:
            for writer in self._writers:
                stored = await connection.fetch(_STORED, writer.session)
                said = [row["client_message_id"] for row in stored if row["role"] == "user"]
                assert len(said) == len(set(said))
                assert {one.text for one in writer.acknowledged} - set(said) == set()
                assert await writer.read() == said
            await self._require_one_reply_each(connection)
        finally:
            await connection.close()

    async def _require_one_reply_each(self, connection: Any) -> None:
        sessions = [writer.session for writer in self._writers]

        async def finished() -> bool:
            return not await connection.fetchval(_UNFINISHED, sessions)

        await until(finished, within=60)
        runs = await connection.fetch(_REPLIES, sessions)
        wrong = [dict(run) for run in runs if (run["status"], run["replies"]) != ("completed", 1)]
        assert wrong == [], (len(wrong), wrong[:3])


@asynccontextmanager
async def writing(node: Node, count: int) -> AsyncIterator[Writers]:
    """Have so many people write for as long as this lasts; each has been heard when it begins."""
    callers = [await node.api.sign_up() for _ in range(count)]
    writers = [Writer(f"Writer {number}", caller, await caller.session()) for number, caller in enumerate(callers)]
    async with asyncio.TaskGroup() as tasks:
        for writer in writers:
            tasks.create_task(writer.write())
        found = Writers(writers)
        await found.each_heard(3)
        yield found
        for writer in writers:
            writer.has_more_to_say = False
