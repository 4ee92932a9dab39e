"""The rules of docker/varnish before an origin whose answers the test decides."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from adapters.edge.varnish import VarnishPurger
from adapters.embedded.child import free_port
from tests.integration.edge.varnish_origin import SHARED, Origin, origin_at
from tests.support.processes import until
from tests.support.varnish import SECRET, varnish, varnish_missing

MISSING = varnish_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@dataclass
class Rig:
    """An origin, the Varnish before it, a client and a purger."""

    origin: Origin
    http: httpx.AsyncClient
    purger: VarnishPurger
    line: AsyncExitStack

    async def get(self, path: str = "/v1/agents", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers=named)

    async def ready(self) -> bool:
        """Tell whether the edge has noticed that the origin is there."""
        return (await self.get("/v1/ready")).status_code == 200

    async def purge(self, *keys: str) -> None:
        await self.purger.purge(keys, uuid4().hex)

    async def becomes(self, text: str, path: str = "/v1/agents") -> httpx.Response:
        """Return the first answer with this text."""
        found: list[httpx.Response] = []

        async def shown() -> bool:
            found.append(await self.get(path))
            return found[-1].text == text

        await until(shown, within=10)
        return found[-1]

    async def all_get(self, path: str, count: int = 50) -> Sequence[httpx.Response]:
        return await asyncio.gather(*(self.get(path) for _ in range(count)))


@pytest.fixture(scope="module")
async def ports() -> AsyncIterator[tuple[int, int]]:
    """The port that origins are to listen on, and that of the Varnish before it."""
    origin = free_port()
    async with varnish(origin) as port:
        yield origin, port


@pytest.fixture
async def rig(ports: tuple[int, int]) -> AsyncIterator[Rig]:
    """A new origin; by the name of its host its answers are told from those of earlier ones."""
    url = f"http://127.0.0.1:{ports[1]}"
    named = {"host": f"{uuid4().hex}.example"}
    limits = httpx.Limits(max_connections=60)
    purger = VarnishPurger([url], SECRET)
    async with AsyncExitStack() as line, httpx.AsyncClient(base_url=url, timeout=20, limits=limits, headers=named) as http:
        rig = Rig(await line.enter_async_context(origin_at(Origin(port=ports[0]))), http, purger, line)
        await until(rig.ready)
        rig.origin.asked.clear()
        rig.origin.seen.clear()
        yield rig
        await purger.close()


async def test_an_answer_is_fetched_once_and_then_served_at_the_edge(rig: Rig) -> None:
    answers = [await rig.get() for _ in range(3)]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss", "hit", "hit"]
    assert {answer.text for answer in answers} == {"first"}
    assert all(answer.headers["age"].isdecimal() and "xkey" not in answer.headers for answer in answers)
    assert rig.origin.asked["/v1/agents"] == 1


async def test_fifty_who_miss_at_once_make_one_request_at_the_origin(rig: Rig) -> None:
    rig.origin.gate.clear()
    asking = asyncio.create_task(rig.all_get("/v1/agents/einstein"))
    await until(lambda: _true(rig.origin.asked["/v1/agents/einstein"] > 0))
    await asyncio.sleep(0.3)
    rig.origin.gate.set()
    assert {answer.text for answer in await asking} == {"first"}
    assert rig.origin.asked["/v1/agents/einstein"] == 1


async def test_fifty_who_ask_for_what_was_purged_make_one_request_and_all_get_what_is_new(rig: Rig) -> None:
    await rig.get()
    await rig.purge("agents")
    rig.origin.text = "second"
    await asyncio.sleep(1.1)  # what stale-while-revalidate allows is over
    answers = await rig.all_get("/v1/agents")
    assert {answer.text for answer in answers} == {"second"}
    assert rig.origin.asked["/v1/agents"] == 2


async def test_a_purge_reaches_all_that_bears_the_key_and_nothing_else(rig: Rig) -> None:
    rig.origin.keys = "agents agent:1"
    await rig.get("/v1/agents/one")
    rig.origin.keys = "agents agent:2"
    await rig.get("/v1/agents/two")
    rig.origin.text = "second"
    await rig.purge("agent:1")
    await rig.becomes("second", "/v1/agents/one")
    assert (await rig.get("/v1/agents/two")).headers["x-cache"] == "hit"
    assert rig.origin.asked["/v1/agents/two"] == 1


async def test_what_was_purged_is_still_served_when_the_origin_is_away(rig: Rig) -> None:
    await rig.get()
    await rig.purge("agents")
    await rig.line.aclose()
    await asyncio.sleep(1.1)
    for _ in range(3):
        answer = await rig.get()
        assert (answer.status_code, answer.text, answer.headers["x-cache"]) == (200, "first", "stale")
    assert {answer.text for answer in await rig.all_get("/v1/agents", 20)} == {"first"}


async def test_what_was_purged_is_still_served_when_the_origin_fails(rig: Rig) -> None:
    await rig.get()
    await rig.purge("agents")
    rig.origin.status, rig.origin.text = 503, "broken"
    await asyncio.sleep(1.1)
    for _ in range(3):
        answer = await rig.get()
        assert (answer.status_code, answer.text, answer.headers["x-cache"]) == (200, "first", "stale")
    rig.origin.status, rig.origin.text = 200, "second"
    await rig.becomes("second")


async def test_what_was_never_seen_is_a_503_in_our_words_when_the_origin_is_away(rig: Rig) -> None:
    await rig.line.aclose()
    answer = await rig.get("/v1/agents/nobody")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "overloaded"
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["retry-after"].isdecimal()


async def test_an_answer_that_may_not_be_shown_out_of_date_is_not_shown_when_the_origin_is_away(rig: Rig) -> None:
    rig.origin.headers = {"cache-control": "public, max-age=0, s-maxage=60, stale-while-revalidate=1, stale-if-error=0"}
    rig.origin.keys = "page"
    await rig.get("/v1/shared/token")
    await rig.purge("page")
    await rig.line.aclose()
    await asyncio.sleep(1.2)
    assert (await rig.get("/v1/shared/token")).status_code == 503


async def test_a_share_that_was_revoked_is_gone_with_its_purge_whatever_may_be_shown_out_of_date(rig: Rig) -> None:
    rig.origin.keys = "share:1"
    await rig.get("/v1/shared/token")
    await rig.purge("agents", "share:1")
    await rig.line.aclose()
    assert (await rig.get("/v1/shared/token")).status_code == 503


async def test_what_the_origin_has_no_more_is_not_shown_again_when_it_is_away(rig: Rig) -> None:
    await rig.get("/v1/agents/one")
    await rig.purge("agents")
    rig.origin.status, rig.origin.text, rig.origin.headers = 404, "gone", {"cache-control": "private, no-store"}
    await rig.becomes("gone", "/v1/agents/one")
    await rig.line.aclose()
    await asyncio.sleep(1.2)
    assert (await rig.get("/v1/agents/one")).status_code == 404


async def test_nobody_gets_what_was_answered_to_somebody_who_signed_in(rig: Rig) -> None:
    for path in ("/v1/agents", "/v1/agents/einstein", "/v1/shared/token"):
        for headers in ({"authorization": "Bearer one"}, {"cookie": "a=b; ola_session=one"}):
            for text in ("for one", "for another"):
                rig.origin.text = text
                answer = await rig.get(path, **headers)
                assert (answer.text, answer.headers["x-cache"]) == (text, "bypass")
        rig.origin.text = "for all"
        assert (await rig.get(path)).text == "for all"


async def test_other_cookies_make_nobody_a_caller_of_his_own_and_do_not_reach_the_origin(rig: Rig) -> None:
    await rig.get()
    assert (await rig.get("/v1/agents", cookie="ola_position=x; not_ola_session=y")).headers["x-cache"] == "hit"
    await rig.get("/v1/agents/einstein", cookie="ola_position=x")
    assert not {"cookie", "authorization"} & {name.lower() for seen in rig.origin.seen for name in seen}


@pytest.mark.parametrize("path", [
    "/v1/sessions", "/v1/users/me", "/v1/users/me/agents", "/v1/agents/a/b", "/v1/agents/", "/docs/", "/",
])
async def test_what_is_not_public_by_its_path_is_never_kept(rig: Rig, path: str) -> None:
    answers = [await rig.get(path), await rig.get(path)]
    assert [answer.headers["x-cache"] for answer in answers] == ["bypass", "bypass"]
    assert rig.origin.asked[path] == 2


@pytest.mark.parametrize("headers", [
    {"cache-control": "private, no-store"}, {}, {"cache-control": SHARED, "set-cookie": "a=b"},
    {"cache-control": "private, s-maxage=60"}, {"cache-control": SHARED, "vary": "Cookie"}, {"cache-control": "public"},
])
async def test_what_the_origin_does_not_call_public_is_never_kept(rig: Rig, headers: dict[str, str]) -> None:
    rig.origin.headers = headers
    for text in ("one", "two"):
        rig.origin.text = text
        assert (await rig.get()).text == text


@pytest.mark.parametrize(("wanted", "told"), [
    ("gzip, deflate, br, zstd", "zstd"), ("br;q=0.9, gzip", "br"), ("zstd;q=0, gzip;q=1.0", "gzip"), ("GZIP", "gzip"),
    ("deflate", None), ("identity", None), ("zstd;q=0.0", None), ("xbr, gzippy", None),
])
async def test_the_origin_is_asked_for_one_coding_that_it_offers(rig: Rig, wanted: str, told: str | None) -> None:
    await rig.get(accept_encoding=wanted)
    assert {name.lower(): value for name, value in rig.origin.seen[0].items()}.get("accept-encoding") == told


async def test_each_coding_is_kept_by_itself(rig: Rig) -> None:
    for coding in ("zstd", "br", "gzip", "identity"):
        rig.origin.text = coding
        await rig.get(accept_encoding=coding)
    for coding in ("zstd", "br", "gzip", "identity"):
        answer = await rig.get(accept_encoding=coding)
        assert (answer.text, answer.headers["x-cache"]) == (coding, "hit")


async def test_the_order_of_parameters_and_unknown_ones_make_no_other_answer(rig: Rig) -> None:
    await rig.get("/v1/agents?utm=a&limit=5&order=asc")
    for same in ("?order=asc&limit=5", "?limit=5&x=&order=asc&y", "?&&order=asc&limit=5&"):
        assert (await rig.get(f"/v1/agents{same}")).headers["x-cache"] == "hit"
    for other in ("", "?limit=5", "?limit=6&order=asc", "?limit=5&order=asc&after=agent_1"):
        assert (await rig.get(f"/v1/agents{other}")).headers["x-cache"] == "miss"
    assert (await rig.get("/v1/agents?utm=b")).headers["x-cache"] == "hit"


async def test_an_error_is_never_kept(rig: Rig) -> None:
    rig.origin.status = 404
    assert [(await rig.get()).status_code, (await rig.get()).status_code] == [404, 404]
    assert rig.origin.asked["/v1/agents"] == 2


async def test_the_origin_hears_who_asks_and_nothing_of_the_edge_s_own(rig: Rig) -> None:
    for path in ("/v1/agents", "/v1/sessions"):
        await rig.get(path, x_forwarded_for="192.0.2.1", x_edge_mode="stale", x_purge_secret="guess", xkey_purge="agents")
    for headers in ({name.lower(): value for name, value in seen.items()} for seen in rig.origin.seen):
        assert headers["x-forwarded-for"].replace(" ", "") == "192.0.2.1,127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"
        assert not {"x-edge-mode", "x-purge-secret", "xkey-purge"} & headers.keys()


async def test_measurements_are_for_the_inside_only(rig: Rig) -> None:
    for path in ("/metrics", "/metrics?x", "/metrics/"):
        assert (await rig.get(path)).status_code == 404
    assert rig.origin.seen == []


@pytest.mark.parametrize(("headers", "status"), [
    ({"xkey-purge": "agents"}, 403), ({"xkey-purge": "agents", "x-purge-secret": "wrong"}, 403),
    ({"x-purge-secret": SECRET}, 400),
])
async def test_who_does_not_know_the_secret_purges_nothing(rig: Rig, headers: dict[str, str], status: int) -> None:
    await rig.get()
    assert (await rig.http.request("PURGE", "/", headers=headers)).status_code == status
    assert (await rig.get()).headers["x-cache"] == "hit"
    assert rig.origin.asked == {"/v1/agents": 1}


async def _true(value: bool) -> bool:
    return value
