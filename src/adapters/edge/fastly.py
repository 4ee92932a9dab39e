"""Soft purges by surrogate key at Fastly.

Sources: https://www.fastly.com/documentation/reference/api/purging/ for the request (256 keys),
https://www.fastly.com/documentation/reference/http/http-headers/Surrogate-Key/ for the lengths (whatever exceeds them is ignored
without a word) and https://www.fastly.com/documentation/reference/api/#rate-limiting (100,000 keys an hour for an account).
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from fastly import ApiClient, Configuration
from fastly.api.purge_api import PurgeApi
from fastly.exceptions import ApiException, OpenApiException
from urllib3.exceptions import HTTPError

from adapters.edge.answers import failure
from adapters.edge.batches import batches
from adapters.edge.bounded_threads import CONNECT_SECONDS, SILENCE_SECONDS, THREADS, BoundedThreads
from adapters.edge.options import WrongOption, only, required
from adapters.edge.paced_requests import PacedRequests
from adapters.edge.token_bucket import TokenBucket
from adapters.edge.vendor_options import token, url
from application.ports.edge import EdgeDialect, EdgePurger, PurgeRefused, require_keys
from domain.shared.errors import Unavailable

_EDGE: Final = "Fastly"
_API: Final = "https://api.fastly.com"
_MOST_KEYS: Final = 256
_LONGEST_HEADER: Final = 16_384
_BURST: Final = 25_600
_KEYS_PER_HOUR: Final = 100_000
_SERVICE: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_CREDENTIALS: Final = "ONELAST_EDGE_TOKEN (it needs the scope purge_select for the service) and ONELAST_EDGE_SERVICE"
_LOOK_AT: Final = {400: "ONELAST_EDGE_SERVICE", 401: "ONELAST_EDGE_TOKEN", 403: _CREDENTIALS, 404: _CREDENTIALS}


class FastlyPurger(EdgePurger):
    """Purges in one service; `client` blocks."""

    dialect: Final = EdgeDialect("surrogate-key")

    def __init__(self, client: ApiClient, service: str, requests: PacedRequests) -> None:
        self._client, self._api = client, PurgeApi(client)
        self._service, self._requests = service, requests
        self._threads = BoundedThreads("fastly")

    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        """Purge softly; each key counts."""
        require_keys(keys)
        purge = batches(keys, _MOST_KEYS, _LONGEST_HEADER)
        await self._requests.send(purge, sum(map(len, purge)), self._purge)

    async def close(self) -> None:
        """Wait for the requests that run, and close the connections."""
        await self._threads.close()
        self._client.rest_client.pool_manager.clear()
        self._client.close()

    async def _purge(self, keys: Sequence[str]) -> None:
        call = partial(
            self._api.bulk_purge_tag, self._service, surrogate_key=" ".join(keys), fastly_soft_purge=1,
            _request_timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
        )
        try:
            answer = await self._threads.run(call)
        except ApiException as error:
            raise _failure(error) from None
        except (OpenApiException, HTTPError, ValueError) as error:  # no answer, or one that is not Fastly's
            raise Unavailable(f"{_EDGE} gives no answer that can be read: {type(error).__name__}.") from error
        if not set(keys) <= answer.to_dict().keys():
            raise Unavailable(f"{_EDGE} did not take all keys.")


def _failure(error: ApiException) -> Unavailable | PurgeRefused:
    if not error.status:
        return Unavailable(f"{_EDGE} cannot be reached safely.")
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return failure(_EDGE, error.status, headers, _LOOK_AT)


def open_edge(options: Mapping[str, str]) -> EdgePurger:
    """Return the purger of `service`, with the API's `token`."""
    only(options, "token", "service", "url")
    service = required(options, "service")
    if _SERVICE.fullmatch(service) is None:
        raise WrongOption("service", "must be the service's identifier, letters and digits")
    client = _client(token(options), url(options) or _API)
    return FastlyPurger(client, service, PacedRequests(_EDGE, TokenBucket(_BURST, _KEYS_PER_HOUR / 3600)))


def _client(api_token: str, api_url: str) -> ApiClient:
    configuration = Configuration(host=api_url)
    configuration.api_token = api_token
    # Neither repeated nor redirected: the token would go along.
    configuration.retries = False
    configuration.connection_pool_maxsize = THREADS
    return ApiClient(configuration)
