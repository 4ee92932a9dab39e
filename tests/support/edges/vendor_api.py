"""A vendor's API on a port of this machine."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web

from tests.support.edges.edge_cache import EdgeCache

Answer = Callable[[], Awaitable[web.StreamResponse]]
# As much as the vendors take, which is more than aiohttp does by itself.
LONGEST_HEADER = 69_000


class VendorApi:
    """Counts `requests`; answers with what was put into `instead`, or asks the vendor's own `answer`."""

    cases_differ = False

    def __init__(self) -> None:
        self.cache = EdgeCache(cases_differ=self.cases_differ)
        self.url, self.requests = "", 0
        self._instead: deque[Answer | None] = deque()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as the vendor does."""
        raise NotImplementedError

    def answers_once(self, status: int, headers: Mapping[str, str] | None = None, body: str = "{}") -> None:
        """Answer the next request with this, and do nothing."""

        async def answer() -> web.StreamResponse:
            return web.Response(status=status, headers={"content-type": "application/json", **(headers or {})}, text=body)

        self._instead.append(answer)

    def lets_one_pass(self) -> None:
        """Answer the next request as the vendor does, before what comes after it."""
        self._instead.append(None)

    def answers_once_with(self, answer: Answer) -> None:
        """Let the next request be answered by this."""
        self._instead.append(answer)

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        """Serve on a free port."""
        api = cls()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", api._handle)
        runner = web.AppRunner(app, max_field_size=LONGEST_HEADER, max_line_size=LONGEST_HEADER, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        api.url = f"http://{host}:{port}"
        try:
            yield api
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        await request.read()
        instead = self._instead.popleft() if self._instead else None
        return await (instead() if instead else self.answer(request))
