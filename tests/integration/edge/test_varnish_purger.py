"""The purger of Varnish, against one, two and broken servers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from aiohttp import web

from adapters.edge.varnish import VarnishPurger, open_edge
from adapters.embedded.child import free_port
from application.ports.edge import EdgeBusy, PurgeRefused
from domain.shared.errors import Unavailable
from tests.contracts.ports.edge_purger import EdgePurgerSuite, Serves, Stored
from tests.integration.edge.varnish_origin import Origin, origin_at
from tests.support.varnish import SECRET, varnish, varnish_missing

MISSING = varnish_missing()
with_varnish = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def at(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[tuple[Origin, Sequence[str]]]:
    """An origin behind two servers."""
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(origin_at(Origin()))
        yield origin, [at(await stack.enter_async_context(varnish(origin.port))) for _ in range(2)]


@with_varnish
class TestVarnishPurger(EdgePurgerSuite):
    """Two servers, both of which keep every answer."""

    @pytest.fixture
    async def edge(self, pair: tuple[Origin, Sequence[str]]) -> AsyncIterator[VarnishPurger]:
        purger = VarnishPurger(pair[1], SECRET)
        yield purger
        await purger.close()

    @pytest.fixture
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient() as http:
            yield http

    @pytest.fixture
    def address(self) -> str:
        """A page of the catalogue that no other test asks for."""
        return f"/v1/agents?after={uuid4().hex}"

    @pytest.fixture
    def stored(self, pair: tuple[Origin, Sequence[str]], http: httpx.AsyncClient, address: str) -> Stored:
        async def store(path: str, keys: Sequence[str]) -> None:
            origin, urls = pair
            origin.keys, origin.text = " ".join(keys), uuid4().hex
            for url in urls:
                answer = await http.get(f"{url}{address}{path}")
                while answer.text != origin.text:  # what was purged is shown for a second more
                    answer = await http.get(f"{url}{address}{path}")

        return store

    @pytest.fixture
    def serves(self, pair: tuple[Origin, Sequence[str]], http: httpx.AsyncClient, address: str) -> Serves:
        async def serve(path: str) -> bool:
            answers = [await http.get(f"{url}{address}{path}") for url in pair[1]]
            shown = {answer.headers["x-cache"] for answer in answers}
            assert len(shown) == 1, "the servers disagree"
            return shown == {"hit"}

        return serve

    @pytest.fixture
    async def away(self) -> AsyncIterator[VarnishPurger]:
        purger = VarnishPurger([at(free_port())], SECRET)
        yield purger
        await purger.close()


@asynccontextmanager
async def answering(status: int, **headers: str) -> AsyncIterator[tuple[str, list[int]]]:
    """Run a server that answers every purge so, and yield its address and the lengths of the keys that it was told."""
    told: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        told.append(len(request.headers["xkey-purge"]))
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    application = web.Application()
    application.router.add_route("*", "/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield at(runner.addresses[0][1]), told
    finally:
        await runner.cleanup()


async def purge(*urls: str, keys: Sequence[str] = ("key",)) -> None:
    purger = VarnishPurger(urls, SECRET, patience=2)
    try:
        await purger.purge(keys, "name")
    finally:
        await purger.close()


@pytest.mark.parametrize("status", [400, 413, 431])
async def test_a_purge_that_can_never_be_taken_is_refused(status: int) -> None:
    async with answering(status) as (url, _):
        with pytest.raises(PurgeRefused):
            await purge(url)


@pytest.mark.parametrize("status", [301, 403, 404, 405, 500, 503])
async def test_what_somebody_can_mend_is_repeated(status: int) -> None:
    async with answering(status) as (url, _):
        with pytest.raises(Unavailable, match=str(status)):
            await purge(url)


async def test_an_answer_of_something_that_is_no_edge_is_no_purge() -> None:
    async with answering(200) as (url, _):
        with pytest.raises(Unavailable):
            await purge(url)


async def test_a_busy_server_says_when() -> None:
    async with answering(503, retry_after="17") as (url, _):
        with pytest.raises(EdgeBusy) as busy:
            await purge(url)
    assert busy.value.after == 17


async def test_one_server_that_is_away_fails_the_purge_and_the_others_have_taken_it() -> None:
    async with answering(200, x_purged="1") as (good, told), answering(413) as (refusing, _):
        with pytest.raises(Unavailable):
            await purge(refusing, at(free_port()), good)
    assert told == [3]


async def test_keys_go_in_headers_of_a_bounded_length() -> None:
    async with answering(200, x_purged="1") as (url, told):
        await purge(url, keys=[f"{number:0100}" for number in range(200)])
    assert sum(told) + len(told) == 200 * 101
    assert max(told) <= 4_000
    assert len(told) == 6


@pytest.mark.parametrize(("options", "setting"), [
    ({"token": SECRET}, "URL"), ({"url": "http://varnish"}, "TOKEN"), ({"url": "varnish:80", "token": "x"}, "URL"),
    ({"url": " , ", "token": "x"}, "URL"), ({"url": "http://user:word@varnish", "token": "x"}, "URL"),
    ({"url": "http://varnish/path", "token": "x"}, "URL"), ({"url": "http://varnish", "token": "two words"}, "TOKEN"),
    ({"url": "http://varnish", "token": "x", "zone": "y"}, "ZONE"),
])
def test_a_wrong_option_is_named_by_its_setting_and_not_repeated(options: dict[str, str], setting: str) -> None:
    with pytest.raises(ValueError, match=rf"^ONELAST_EDGE_{setting} .+\.$") as problem:
        open_edge(options)
    assert "word" not in str(problem.value).replace("words", "")


def test_right_options_make_a_purger() -> None:
    assert isinstance(open_edge({"url": "http://one:6081, https://two/", "token": SECRET}), VarnishPurger)
