"""Each vendor's purger with the vendor's own client, before a stand-in of its API."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest

from adapters.edge import cloudflare, cloudfront, fastly
from adapters.embedded.child import free_port
from application.ports.edge import EdgePurger
from tests.contracts.ports.edge_purger import Serves, Stored
from tests.support.edges import cloudflare as cloudflare_api
from tests.support.edges import cloudfront as cloudfront_api
from tests.support.edges import fastly as fastly_api
from tests.support.edges.vendor_api import VendorApi


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor's stand-in, and what makes its purger."""

    name: str
    api: VendorApi

    def purger(self, url: str | None = None, **others: str) -> EdgePurger:
        """Return a purger of the stand-in, or of another address, with these options instead of its own."""
        here = url or (f"{self.api.url}/client/v4" if self.name == "cloudflare" else self.api.url)
        return OPENINGS[self.name]({**OPTIONS[self.name], "url": here, **others})


OPENINGS = {"cloudflare": cloudflare.open_edge, "cloudfront": cloudfront.open_edge, "fastly": fastly.open_edge}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "cloudflare": {"token": cloudflare_api.TOKEN, "zone": cloudflare_api.ZONE, "plan": "enterprise"},
    "cloudfront": {"distribution": cloudfront_api.DISTRIBUTION},
    "fastly": {"token": fastly_api.TOKEN, "service": fastly_api.SERVICE},
}
APIS: Mapping[str, type[VendorApi]] = {
    "cloudflare": cloudflare_api.CloudflareApi, "cloudfront": cloudfront_api.CloudFrontApi, "fastly": fastly_api.FastlyApi,
}


@pytest.fixture(autouse=True)
def aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give boto3 the credentials that the stand-in knows, and none of the machine's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloudfront_api.KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cloudfront_api.SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=APIS)
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Vendor]:
    """Each vendor."""
    async with APIS[request.param].running() as api:
        yield Vendor(request.param, api)


@pytest.fixture
async def edge(vendor: Vendor) -> AsyncIterator[EdgePurger]:
    """Its purger."""
    purger = vendor.purger()
    yield purger
    await purger.close()


@pytest.fixture
async def away(vendor: Vendor) -> AsyncIterator[EdgePurger]:
    """A purger of a vendor that nobody reaches."""
    purger = vendor.purger(f"http://127.0.0.1:{free_port()}")
    yield purger
    await purger.close()


@pytest.fixture
def stored(vendor: Vendor) -> Stored:
    """Store an answer in the vendor's cache."""
    return vendor.api.cache.store


@pytest.fixture
def serves(vendor: Vendor) -> Serves:
    """Whether the vendor's cache has a fresh answer."""
    return vendor.api.cache.serves
