"""Fastly's API, as far as purges go."""

import time

from aiohttp import web

from tests.support.edges.vendor_api import VendorApi

TOKEN = "fastly-token-0123456789"
SERVICE = "SU1Z0isxPaozGVKXdv0eY"
MOST_KEYS = 256
LONGEST_KEY = 1024
LONGEST_HEADER = 16_384


class FastlyApi(VendorApi):
    """Takes `left` keys and then none for `reset_after` seconds; `hard` counts purges that were not soft."""

    cases_differ = True

    def __init__(self) -> None:
        super().__init__()
        self.left, self.reset_after, self.hard = 100_000, 90, 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("fastly-key") != TOKEN:
            return _error(401, "Provided credentials are missing or invalid")
        if request.path != f"/service/{SERVICE}/purge" or request.method != "POST":
            return _error(404, "Record not found")
        if request.content_type != "application/json":
            return _error(415, "Unsupported media type")
        keys = request.headers.get("surrogate-key", "").split()
        if not keys or len(keys) > MOST_KEYS or "fastly-purge-environment" in request.headers:
            return _error(400, "Bad request")
        if len(keys) > self.left:
            reset = str(int(time.time()) + self.reset_after)
            return _error(429, "You have exceeded your hourly rate limit", {"fastly-ratelimit-reset": reset})
        return self._purge(_heeded(request.headers["surrogate-key"]), hard="fastly-soft-purge" not in request.headers)

    def _purge(self, keys: list[str], *, hard: bool) -> web.Response:
        self.left, self.hard = self.left - len(keys), self.hard + hard
        self.cache.purge(keys)
        return web.json_response({key: f"108-1391560174-{number}" for number, key in enumerate(keys)})


def _heeded(header: str) -> list[str]:
    """Return the keys up to the first that is too long or stands too far back; no word is lost about the others."""
    heeded, read = [], 0
    for key in header.split(" "):
        read += len(key) + 1
        if len(key) > LONGEST_KEY or read - 1 > LONGEST_HEADER:
            break
        heeded.append(key)
    return heeded


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"msg": message, "detail": None}, status=status, headers=headers)
