"""An origin whose answers a test decides, and which counts who asks."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

SHARED = "public, max-age=0, s-maxage=60, stale-while-revalidate=1, stale-if-error=3600"


@dataclass
class Origin:
    """Answers every request with the same text, status, headers and keys; `gate` holds its answers back."""

    port: int = 0
    text: str = "first"
    keys: str = "agents"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"cache-control": SHARED, "vary": "Accept-Encoding"})
    asked: Counter[str] = field(default_factory=Counter)
    seen: list[Mapping[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if request.path == "/readyz":
            return web.Response()
        self.asked[request.path] += 1
        self.seen.append(dict(request.headers))
        text, status, headers = self.text, self.status, {**self.headers, "xkey": self.keys}
        await self.gate.wait()
        return web.Response(text=text, status=status, headers=headers)


@asynccontextmanager
async def origin_at(origin: Origin) -> AsyncIterator[Origin]:
    """Let the origin listen, on the port that it had before if it had one."""
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", origin.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", origin.port)
    await site.start()
    origin.port = runner.addresses[0][1]
    try:
        yield origin
    finally:
        await runner.cleanup()
