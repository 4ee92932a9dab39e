"""Invalidating by cache tag at Cloudflare.

What is invalidated stays, out of date, until Cloudflare has asked us again: `invalidate_cache` is its soft purge.
Sources: https://developers.cloudflare.com/cache/how-to/purge-cache/ for the limits (of the whole account, as of 2026) and
https://developers.cloudflare.com/cache/guides/invalidate-cache/.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from cloudflare import APIStatusError, AsyncCloudflare, CloudflareError, DefaultAsyncHttpxClient
from cloudflare.types.cache import CacheInvalidateResponse

from adapters.edge.answers import failure
from adapters.edge.batches import batches
from adapters.edge.bounded_threads import SILENCE_SECONDS
from adapters.edge.options import WrongOption, only, required
from adapters.edge.paced_requests import PacedRequests
from adapters.edge.token_bucket import TokenBucket
from adapters.edge.vendor_options import token, url
from application.ports.edge import EdgeDialect, EdgePurger, require_keys
from domain.shared.errors import Unavailable

_EDGE: Final = "Cloudflare"
_API: Final = "https://api.cloudflare.com/client/v4"
_MOST_KEYS: Final = 100
# How many requests at once, and how many a second in the long run.
PLANS: Final = {"free": (25, 5 / 60), "pro": (25, 5.0), "business": (50, 10.0), "enterprise": (500, 50.0)}
_ZONE: Final = re.compile(r"[0-9a-f]{32}")
_CREDENTIALS: Final = "ONELAST_EDGE_TOKEN (it needs the permission Cache Purge of the zone) and ONELAST_EDGE_ZONE"
_LOOK_AT: Final = {400: _CREDENTIALS, 401: "ONELAST_EDGE_TOKEN", 403: _CREDENTIALS, 404: "ONELAST_EDGE_ZONE"}


class CloudflarePurger(EdgePurger):
    """Invalidates in one zone."""

    dialect: Final = EdgeDialect("cache-tag", ",")

    def __init__(self, client: AsyncCloudflare, zone: str, requests: PacedRequests) -> None:
        self._client, self._zone, self._requests = client, zone, requests

    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        """Invalidate; a hundred keys are a request."""
        require_keys(keys)
        purge = batches(keys, _MOST_KEYS)
        await self._requests.send(purge, len(purge), self._invalidate)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _invalidate(self, tags: Sequence[str]) -> None:
        try:
            answer = await self._client.cache.invalidate(zone_id=self._zone, tags=list(tags))
        except APIStatusError as error:
            raise failure(_EDGE, error.status_code, error.response.headers, _LOOK_AT) from None
        except (CloudflareError, ValueError, AttributeError) as error:  # the latter two: an answer that is not Cloudflare's
            raise Unavailable(f"{_EDGE} gives no answer that can be read: {type(error).__name__}.") from error
        if not isinstance(answer, CacheInvalidateResponse):
            raise Unavailable(f"{_EDGE} does not say that it took the purge.")


def open_edge(options: Mapping[str, str]) -> EdgePurger:
    """Return the purger of `zone`, with the API's `token`, at the pace of `plan` (free, pro, business, enterprise)."""
    only(options, "token", "zone", "plan", "url")
    zone = required(options, "zone")
    if _ZONE.fullmatch(zone) is None:
        raise WrongOption("zone", "must be the zone's identifier, 32 hexadecimal digits")
    plan = options.get("plan", "free")
    if plan not in PLANS:
        raise WrongOption("plan", f"must be one of {', '.join(PLANS)}")
    client = _client(token(options), url(options) or _API)
    return CloudflarePurger(client, zone, PacedRequests(_EDGE, TokenBucket(*PLANS[plan])))


def _client(api_token: str, api_url: str) -> AsyncCloudflare:
    http = DefaultAsyncHttpxClient(follow_redirects=False)
    client = AsyncCloudflare(api_token=api_token, base_url=api_url, max_retries=0, timeout=SILENCE_SECONDS, http_client=http)
    # It also takes these from the environment, and sends them instead of the token.
    client.api_email = client.api_key = client.user_service_key = None
    return client
