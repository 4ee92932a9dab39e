"""What each vendor's limits make of a purge."""

import pytest

from application.ports.edge import LONGEST_KEY, EdgeBusy, EdgePurger, PurgeRefused
from domain.shared.errors import Unavailable
from tests.contracts.ports.edge_purger import word
from tests.integration.edge.vendors.conftest import Vendor
from tests.support.edges.cloudflare import MOST_TAGS, CloudflareApi
from tests.support.edges.cloudfront import CloudFrontApi, error_body
from tests.support.edges.fastly import FastlyApi

only_cloudflare = pytest.mark.parametrize("vendor", ["cloudflare"], indirect=True)
only_cloudfront = pytest.mark.parametrize("vendor", ["cloudfront"], indirect=True)
only_fastly = pytest.mark.parametrize("vendor", ["fastly"], indirect=True)


def keys(count: int, length: int = 0) -> list[str]:
    """Return so many keys."""
    return [f"{number}-{word()}".ljust(length, "x") for number in range(count)]


async def test_a_purge_that_failed_on_its_way_is_repeated_whole(vendor: Vendor, edge: EdgePurger) -> None:
    some, name = keys(1400), word()
    vendor.api.lets_one_pass()
    vendor.api.answers_once(503)
    with pytest.raises(Unavailable):
        await edge.purge(some, name)
    assert len(vendor.api.cache.purges) == 1
    await edge.purge(some[::-1], name)
    assert vendor.api.cache.purged == set(some)


async def test_a_key_twice_is_purged_once(vendor: Vendor, edge: EdgePurger) -> None:
    await edge.purge(["agents", "agents"], word())
    assert vendor.api.cache.purges == [["agents"]]


@pytest.mark.parametrize("vendor", ["cloudflare", "fastly"], indirect=True)
async def test_purges_are_soft(vendor: Vendor, edge: EdgePurger) -> None:
    await edge.purge(keys(300), word())
    assert isinstance(vendor.api, CloudflareApi | FastlyApi)
    assert vendor.api.hard == 0


@only_cloudflare
async def test_cloudflare_is_given_a_hundred_tags_at_once(vendor: Vendor, edge: EdgePurger) -> None:
    await edge.purge(keys(250), word())
    assert [len(purge) for purge in vendor.api.cache.purges] == [MOST_TAGS, MOST_TAGS, 50]


@only_cloudflare
async def test_cloudflare_is_asked_no_more_often_than_the_plan_allows(vendor: Vendor) -> None:
    edge = vendor.purger(plan="free")
    for _ in range(25):
        await edge.purge(["agents"], word())
    with pytest.raises(EdgeBusy) as busy:
        await edge.purge(["agents"], word())
    assert 0 < busy.value.after <= 12
    assert vendor.api.requests == 25
    await edge.close()


@only_cloudflare
async def test_what_no_plan_lets_through_at_once_is_refused_and_nothing_purged(vendor: Vendor) -> None:
    edge = vendor.purger(plan="free")
    with pytest.raises(PurgeRefused):
        await edge.purge(keys(25 * MOST_TAGS + 1), word())
    assert vendor.api.requests == 0
    await edge.purge(keys(25 * MOST_TAGS), word())
    await edge.close()


@only_cloudflare
async def test_others_of_the_account_may_have_emptied_cloudflares_bucket(vendor: Vendor, edge: EdgePurger) -> None:
    assert isinstance(vendor.api, CloudflareApi)
    vendor.api.left = 1
    with pytest.raises(EdgeBusy) as busy:
        await edge.purge(keys(150), word())
    assert busy.value.after == vendor.api.retry_after


@only_cloudflare
async def test_credentials_in_cloudflares_own_variables_are_not_sent(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EMAIL", "API_KEY", "API_USER_SERVICE_KEY", "API_TOKEN"):
        monkeypatch.setenv(f"CLOUDFLARE_{name}", "somebody-else")
    edge = vendor.purger()
    await edge.purge(["agents"], word())
    assert vendor.api.cache.purges == [["agents"]]
    await edge.close()


@only_cloudfront
async def test_a_repetition_has_the_caller_references_of_the_first_time(vendor: Vendor, edge: EdgePurger) -> None:
    assert isinstance(vendor.api, CloudFrontApi)
    some, name = keys(1200), word()
    await edge.purge(some, name)
    await edge.purge(some[::-1], name)
    assert vendor.api.requests == 4
    assert len(vendor.api.references) == 2


@only_cloudfront
async def test_other_keys_or_another_purge_have_other_caller_references(vendor: Vendor, edge: EdgePurger) -> None:
    assert isinstance(vendor.api, CloudFrontApi)
    for keys_, name in ((["a"], "1"), (["a", "b"], "1"), (["a"], "2")):
        await edge.purge(keys_, name)
    assert len(vendor.api.references) == 3


@only_cloudfront
async def test_cloudfront_may_have_too_much_in_progress(vendor: Vendor, edge: EdgePurger) -> None:
    other = vendor.purger()
    await other.purge(keys(2999), word())
    with pytest.raises(EdgeBusy):
        await edge.purge(keys(2), word())
    assert len(vendor.api.cache.purged) == 2999
    await other.close()


@only_cloudfront
async def test_no_more_is_begun_at_cloudfront_than_may_be_in_progress(vendor: Vendor, edge: EdgePurger) -> None:
    await edge.purge(keys(2500), word())
    asked = vendor.api.requests
    with pytest.raises(EdgeBusy):
        await edge.purge(keys(2500), word())
    with pytest.raises(PurgeRefused):
        await edge.purge(keys(3001), word())
    assert vendor.api.requests == asked


@only_cloudfront
@pytest.mark.parametrize(("status", "code"), [(403, "ExpiredToken"), (400, "Throttling")])
async def test_what_passes_at_cloudfront_is_no_refusal(vendor: Vendor, edge: EdgePurger, status: int, code: str) -> None:
    vendor.api.answers_once(status, {"content-type": "text/xml"}, error_body(code, ""))
    with pytest.raises(Unavailable):
        await edge.purge(["agents"], word())


@only_cloudfront
async def test_credentials_that_are_not_there_yet_are_no_refusal(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    edge = vendor.purger()
    with pytest.raises(Unavailable, match="NoCredentials"):
        await edge.purge(["agents"], word())
    await edge.close()


@only_fastly
async def test_fastly_is_given_no_more_keys_than_it_heeds(vendor: Vendor, edge: EdgePurger) -> None:
    long, short = keys(200, LONGEST_KEY), keys(300)
    await edge.purge([*long, *short], word())
    assert vendor.api.cache.purged == {*long, *short}


@only_fastly
async def test_fastly_ignoring_a_key_is_no_success(vendor: Vendor, edge: EdgePurger) -> None:
    vendor.api.answers_once(200, body='{"one": "108-1391560174-974124"}')
    with pytest.raises(Unavailable):
        await edge.purge(["one", "other"], word())


@only_fastly
async def test_fastly_tells_when_the_hour_is_over(vendor: Vendor, edge: EdgePurger) -> None:
    assert isinstance(vendor.api, FastlyApi)
    vendor.api.left = 1
    with pytest.raises(EdgeBusy) as busy:
        await edge.purge(["one", "other"], word())
    assert 60 < busy.value.after <= vendor.api.reset_after
