"""Cloudflare's API, as far as purges go."""

from http import HTTPStatus

from aiohttp import web

from tests.support.edges.vendor_api import VendorApi

TOKEN = "cf-token-0123456789"
ZONE = "0123456789abcdef0123456789abcdef"
MOST_TAGS = 100
LONGEST_TAG = 1024


class CloudflareApi(VendorApi):
    """Takes `left` requests and then none for `retry_after` seconds; `hard` counts purges that were not soft."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.retry_after, self.hard = 500, 12, 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or "x-auth-email" in request.headers:
            return _error(401, 10000, "Authentication error")
        soft, hard = (f"/client/v4/zones/{ZONE}/{verb}_cache" for verb in ("invalidate", "purge"))
        if request.path not in (soft, hard):
            return _error(404, 7003, "Could not route to the zone, perhaps your object identifier is invalid?")
        if request.method != "POST":
            return _error(405, 10405, "Method not allowed for this authentication scheme")
        if request.content_type != "application/json":
            return _error(415, 6003, "Invalid request headers")
        return await self._purge(request, hard=request.path == hard)

    async def _purge(self, request: web.Request, *, hard: bool) -> web.Response:
        body = await request.json()
        if not isinstance(body, dict) or set(body) != {"tags"} or not _are_tags(body["tags"]):
            return _error(400, 1012, "Request must contain one of purge_everything, files, tags, hosts or prefixes")
        if len(body["tags"]) > MOST_TAGS:
            return _error(400, 1135, f"At most {MOST_TAGS} items can be purged in a single request")
        if not self.left:
            return _error(429, 1134, "Rate limit reached", {"retry-after": str(self.retry_after)})
        self.left, self.hard = self.left - 1, self.hard + hard
        self.cache.purge(body["tags"])
        return web.json_response({"success": True, "errors": [], "messages": [], "result": {"id": ZONE}})


def _are_tags(tags: object) -> bool:
    return isinstance(tags, list) and bool(tags) and all(
        isinstance(tag, str) and 0 < len(tag) <= LONGEST_TAG and tag.isascii() and not set(tag) & set(" ,\n") for tag in tags
    )


def _error(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return web.json_response(body, status=status, headers=headers, reason=HTTPStatus(status).phrase)
