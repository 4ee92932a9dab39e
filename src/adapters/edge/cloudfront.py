"""Invalidating by cache tag at Amazon CloudFront.

CloudFront has no soft purge: what is invalidated is gone. The distribution must have `CacheTagConfig` with the header Cache-Tag.
Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from adapters.edge.answers import busy, failure
from adapters.edge.batches import batches
from adapters.edge.bounded_threads import CONNECT_SECONDS, SILENCE_SECONDS, THREADS, BoundedThreads
from adapters.edge.options import WrongOption, only, required
from adapters.edge.paced_requests import PacedRequests
from adapters.edge.token_bucket import TokenBucket
from adapters.edge.vendor_options import url
from application.ports.edge import EdgeDialect, EdgePurger, PurgeRefused, require_keys
from domain.shared.errors import Unavailable

_EDGE: Final = "CloudFront"
_MOST_TAGS: Final = 1000
# So many may be in progress for a distribution; one takes some seconds, and a minute is counted.
_IN_PROGRESS: Final = 3000
_SECONDS_IN_PROGRESS: Final = 60
_DISTRIBUTION: Final = re.compile(r"[A-Z0-9]{8,32}")
_BUSY: Final = {"TooManyInvalidationsInProgress", "Throttling", "ThrottlingException", "TooManyRequestsException"}
# Credentials that are renewed while we wait, and a clock that is set.
_PASSING: Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_CREDENTIALS: Final = "AWS_ACCESS_KEY_ID or the role (it needs cloudfront:CreateInvalidation) and ONELAST_EDGE_DISTRIBUTION"
_LOOK_AT: Final = {
    400: "ONELAST_EDGE_DISTRIBUTION, which must have CacheTagConfig", 401: _CREDENTIALS, 403: _CREDENTIALS,
    404: "ONELAST_EDGE_DISTRIBUTION",
}


class CloudFrontPurger(EdgePurger):
    """Invalidates in one distribution; `client` is boto3's, which blocks."""

    dialect: Final = EdgeDialect("cache-tag", ",")

    def __init__(self, client: Any, distribution: str, requests: PacedRequests) -> None:
        self._client, self._distribution, self._requests = client, distribution, requests
        self._threads = BoundedThreads("cloudfront")

    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        """Invalidate; CloudFront knows the repetition of a request by its CallerReference and starts nothing anew."""
        require_keys(keys)
        purge = batches(keys, _MOST_TAGS)
        await self._requests.send(purge, sum(map(len, purge)), partial(self._invalidate, purge_id))

    async def close(self) -> None:
        """Wait for the requests that run, and close the connections."""
        await self._threads.close()
        self._client.close()

    async def _invalidate(self, purge_id: str, tags: Sequence[str]) -> None:
        batch = {
            "Paths": {"Quantity": len(tags), "Items": [f"#{tag}" for tag in tags]},
            "CallerReference": caller_reference(purge_id, tags),
        }
        call = partial(self._client.create_invalidation, DistributionId=self._distribution, InvalidationBatch=batch)
        try:
            answer = await self._threads.run(call)
        except ClientError as error:
            raise _failure(error) from None
        except ResponseParserError:
            raise Unavailable(f"{_EDGE} gives no answer that can be read.") from None
        except BotoCoreError as error:  # also while there are no credentials, which a role may bring later
            raise Unavailable(f"{_EDGE} cannot be asked: {type(error).__name__}.") from error
        if "Id" not in answer.get("Invalidation", ()):
            raise Unavailable(f"{_EDGE} does not say that it took the purge.")


def caller_reference(purge_id: str, tags: Sequence[str]) -> str:
    """Return the same for the same batch of the same purge and another for any other: CloudFront refuses one with other tags."""
    return sha256("\n".join((purge_id, *tags)).encode()).hexdigest()


def _failure(error: ClientError) -> Unavailable | PurgeRefused:
    code, answer = error.response["Error"].get("Code", ""), error.response["ResponseMetadata"]
    if code in _BUSY:
        return busy(_EDGE)
    if code in _PASSING:
        return Unavailable(f"{_EDGE} answers {code}.")
    return failure(_EDGE, answer["HTTPStatusCode"], answer["HTTPHeaders"], _LOOK_AT)


def open_edge(options: Mapping[str, str]) -> EdgePurger:
    """Return the purger of `distribution`; the credentials are found as boto3 finds them (AWS_ACCESS_KEY_ID, a role …)."""
    only(options, "distribution", "url")
    distribution = required(options, "distribution")
    if _DISTRIBUTION.fullmatch(distribution) is None:
        raise WrongOption("distribution", "must be the distribution's identifier, like E2QWRUHAPOMQZL")
    requests = PacedRequests(_EDGE, TokenBucket(_IN_PROGRESS, _IN_PROGRESS / _SECONDS_IN_PROGRESS))
    return CloudFrontPurger(_client(url(options)), distribution, requests)


def _client(api_url: str | None) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS, read_timeout=SILENCE_SECONDS, max_pool_connections=THREADS,
        retries={"total_max_attempts": 1},
    )
    return Session().client("cloudfront", region_name="us-east-1", endpoint_url=api_url, config=config)
