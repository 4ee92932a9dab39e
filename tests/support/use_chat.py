"""Pages that show a chat by an unmodified `useChat`, each in a process of its own."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.support.api import Caller
from tests.support.node import client_program

Said = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Packages:
    """One release of the AI SDK, by the names under which the test's packages have it."""

    ai: str = "ai"
    hook: str = "@ai-sdk/react"


NEWEST = Packages()
ONE_BEFORE = Packages("ai-6", "ai-sdk-react-3")


class Page:
    """An open page: what it shows, in order; `finished` are the reports of replies that ended."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._news = asyncio.Condition()
        self.shown: list[dict[str, Any]] = []
        self.finished: list[dict[str, bool]] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def now(self) -> dict[str, Any]:
        """What it shows now."""
        return self.shown[-1]

    @property
    def said(self) -> Said:
        """Who said what, as it is shown now."""
        return said_in(self.now["messages"])

    @property
    def reply(self) -> str:
        """The text of the last message if it is the agent's; else nothing."""
        role, text = self.said[-1] if self.said else ("", "")
        return text if role == "assistant" else ""

    def tell(self, way: str, **named: Any) -> None:
        """Have it do something, without waiting."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"way": way, **named}).encode() + b"\n")

    async def send(self, text: str, message_id: str | None = None) -> None:
        """Say something, and return when it is shown whole or as an error."""
        named = {} if message_id is None else {"id": message_id}
        self.tell("send", message={"role": "user", "parts": [{"type": "text", "text": text}], **named})
        await self.until(lambda: any(said == ("user", text) for said in self.said))
        await self.settled()

    async def settled(self) -> None:
        """Return when nothing is under way (nor just asked for: that is shown first)."""
        await self.until(lambda: self.now["status"] in ("ready", "error"))

    async def shows(self, text: str) -> None:
        """Return when the reply reads so."""
        await self.until(lambda: self.reply == text)

    async def until(self, holds: Callable[[], bool], within: float = 20) -> None:
        """Return when it is so."""
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(lambda: (bool(self.shown) and holds()) or self._reading.done())
        except TimeoutError:
            raise AssertionError(f"the page shows {self.shown[-1:]}") from None
        assert self.shown, "the page never opened"
        assert holds(), f"the page ended; it showed {self.shown[-1:]}"

    async def kill(self) -> None:
        """End it as a crash does."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            assert "thrown" not in told, told
            async with self._news:
                (self.finished if "finished" in told else self.shown).append(told.get("finished", told))
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()


@asynccontextmanager
async def page(
    caller: Caller, chat: str, *, body: Mapping[str, Any] | None = None, resume: bool = False,
    messages: Sequence[Mapping[str, Any]] = (), packages: Packages = NEWEST, headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Page]:
    """Open the caller's chat in a page; `body` is what the page sends with each request, `messages` what it shows at first."""
    options = {
        "ai": packages.ai, "hook": packages.hook, "id": chat, "messages": messages, "resume": resume,
        "transport": {
            "api": f"{caller.http.base_url}/v1/ai-sdk/chat".replace("//v1", "/v1"), "body": body or {},
            "headers": {"authorization": f"Bearer {caller.token}"} if headers is None else headers,
        },
    }
    command = ("setpriv", "--pdeathsig", "KILL", *client_program("use_chat.mjs"), json.dumps(options))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env={"NODE_ENV": "production"}, limit=2**22
    )
    opened = Page(process)
    try:
        await opened.until(lambda: True)
        yield opened
    finally:
        await opened.kill()


def said_in(messages: Sequence[Mapping[str, Any]]) -> Said:
    """Return who said what in messages as the client has them."""
    return [(one["role"], "".join(part["text"] for part in one["parts"] if part["type"] == "text")) for one in messages]


def as_shown(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return stored messages as a page has them that was opened anew."""
    return [{"id": one["id"], "role": one["role"], "parts": one["content"]} for one in messages]
