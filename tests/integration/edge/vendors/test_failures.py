"""What each vendor's answers, and the want of them, mean to whoever purges."""

import asyncio
import traceback
from email.utils import formatdate

import pytest
from aiohttp import web

from adapters.edge.answers import LONGEST_WAIT
from application.ports.edge import EdgeBusy, EdgePurger, PurgeRefused
from domain.shared.errors import Unavailable
from tests.contracts.ports.edge_purger import word
from tests.integration.edge.vendors.conftest import APIS, OPTIONS, Vendor
from tests.support.edges.vendor_api import VendorApi

NAMES = {"cloudflare": "ONELAST_EDGE_ZONE", "cloudfront": "ONELAST_EDGE_DISTRIBUTION", "fastly": "ONELAST_EDGE_SERVICE"}


async def failed(edge: EdgePurger) -> Unavailable | PurgeRefused:
    """Purge, and return how it failed."""
    with pytest.raises((Unavailable, PurgeRefused)) as caught:
        await edge.purge([word()], word())
    told = "".join(traceback.format_exception(caught.value))
    assert not any(options.get("token", "") and options["token"] in told for options in OPTIONS.values())
    error = caught.value
    assert isinstance(error, Unavailable | PurgeRefused)
    return error


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_vendor_is_left_alone_for_as_long_as_it_asks(vendor: Vendor, edge: EdgePurger, status: int) -> None:
    vendor.api.answers_once(status, {"retry-after": "17"})
    first, second = await failed(edge), await failed(edge)
    assert isinstance(first, EdgeBusy)
    assert isinstance(second, EdgeBusy)
    assert first.after == 17
    assert 0 < second.after <= 17
    assert vendor.api.requests == 1


async def test_a_wait_may_be_asked_for_as_a_date(vendor: Vendor, edge: EdgePurger) -> None:
    vendor.api.answers_once(429, {"retry-after": formatdate(4_000_000_000, usegmt=True)})
    error = await failed(edge)
    assert isinstance(error, EdgeBusy)
    assert error.after == LONGEST_WAIT


@pytest.mark.parametrize("asked", [{}, {"retry-after": "soon"}])
async def test_a_busy_vendor_that_does_not_say_for_how_long_is_asked_again_in_half_a_minute(
    vendor: Vendor, edge: EdgePurger, asked: dict[str, str]
) -> None:
    vendor.api.answers_once(429, asked)
    error = await failed(edge)
    assert isinstance(error, EdgeBusy)
    assert error.after == 30


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_vendor_in_trouble_is_asked_once_and_may_be_asked_again(vendor: Vendor, edge: EdgePurger, status: int) -> None:
    vendor.api.answers_once(status)
    error = await failed(edge)
    assert isinstance(error, Unavailable)
    assert not isinstance(error, EdgeBusy)
    assert vendor.api.requests == 1
    await edge.purge([word()], word())


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_asked_once_and_names_a_setting(vendor: Vendor, edge: EdgePurger, status: int) -> None:
    vendor.api.answers_once(status)
    error = await failed(edge)
    assert type(error) is (PurgeRefused if status == 400 else Unavailable)  # a setting can be mended, and then it is repeated
    assert f"{status}: look at " in str(error)
    assert any(name in str(error) for name in (NAMES[vendor.name], "ONELAST_EDGE_TOKEN"))
    assert vendor.api.requests == 1


@pytest.mark.parametrize("status", [405, 413, 415])
async def test_a_vendor_that_does_not_understand_is_perhaps_none(vendor: Vendor, edge: EdgePurger, status: int) -> None:
    vendor.api.answers_once(status)
    error = await failed(edge)
    assert isinstance(error, PurgeRefused)
    assert "look at ONELAST_EDGE_URL" in str(error)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_the_secret_does_not_follow_a_redirect(vendor: Vendor, edge: EdgePurger, status: int) -> None:
    async with VendorApi.running() as elsewhere:
        vendor.api.answers_once(status, {"location": f"{elsewhere.url}/"})
        await failed(edge)
        assert elsewhere.requests == 0


async def test_wrong_credentials_are_told_and_may_be_mended(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    wrong = {} if vendor.name == "cloudfront" else {"token": "another-token"}
    edge = vendor.purger(**wrong)
    error = await failed(edge)
    assert type(error) is Unavailable
    assert ("AWS_ACCESS_KEY_ID" if vendor.name == "cloudfront" else "ONELAST_EDGE_TOKEN") in str(error)
    assert "another" not in str(error)
    await edge.close()


async def test_an_unknown_place_is_told_and_may_be_mended(vendor: Vendor) -> None:
    option = NAMES[vendor.name].removeprefix("ONELAST_EDGE_").lower()
    edge = vendor.purger(**{option: "F" * 8 if vendor.name != "cloudflare" else "f" * 32})
    error = await failed(edge)
    assert type(error) is Unavailable
    assert NAMES[vendor.name] in str(error)
    await edge.close()


@pytest.mark.parametrize("body", ["", "<html>", "[]", "null", '"yes"', '{"result": null}', '{"success": true}'])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
async def test_a_success_that_is_not_the_vendors_is_none(vendor: Vendor, edge: EdgePurger, body: str, kind: str) -> None:
    vendor.api.answers_once(200, {"content-type": kind}, body)
    error = await failed(edge)
    assert isinstance(error, Unavailable)


async def test_a_cut_connection_may_be_tried_again(vendor: Vendor, edge: EdgePurger) -> None:
    async def cut() -> web.StreamResponse:
        raise asyncio.CancelledError

    vendor.api.answers_once_with(cut)
    assert isinstance(await failed(edge), Unavailable)
    assert vendor.api.requests == 1
    await edge.purge([word()], word())


async def test_vendors_that_hang_are_not_waited_for() -> None:
    """All at once, for it takes some seconds."""
    await asyncio.gather(*(_given_up(name, api) for name, api in APIS.items()))


async def _given_up(name: str, api_of: type[VendorApi]) -> None:
    heard, forget = asyncio.Event(), asyncio.Event()

    async def hang() -> web.StreamResponse:
        heard.set()
        await forget.wait()
        return web.Response(status=503)

    async with api_of.running() as api:
        edge = Vendor(name, api).purger()
        api.answers_once_with(hang)
        assert isinstance(await failed(edge), Unavailable)
        assert heard.is_set()
        forget.set()
        await edge.close()
