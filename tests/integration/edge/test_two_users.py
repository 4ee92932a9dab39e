"""Two users behind a shared cache: whatever either asks for, in any order, comes as if the cache were not there."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import httpx
import pytest

from entrypoints.settings import Settings
from tests.integration.edge.plain_varnish import BUILTIN, TRUSTING, plain_varnish
from tests.support.api import Caller
from tests.support.realtime import Node, listening
from tests.support.varnish import varnish, varnish_missing

pytestmark = pytest.mark.skipif(varnish_missing() is not None, reason=varnish_missing() or "")
Cache = Callable[[int], AbstractAsyncContextManager[int]]
CACHES: dict[str, Cache] = {
    "trusting": partial(plain_varnish, rules=TRUSTING), "builtin": partial(plain_varnish, rules=BUILTIN), "operators": varnish
}
# What a fault would look like: one private route whose answers say that they are everybody's.
LYING = """
sub vcl_backend_response {
    if (bereq.url == "/v1/users/me") { set beresp.http.Cache-Control = "public, s-maxage=60"; set beresp.ttl = 60s; }
}
"""
# Each user has one export at a time: a second one beside it is refused.
ALWAYS_NEW = ("/metrics", "/v1/users/me/export")
PUBLIC = ("/v1/agents", "/v1/agents/{agent_id}")
# A cache may answer who is signed in with what it keeps for everybody: then what it says about keeping is everybody's too.
COMPARED = ("content-encoding", "content-type", "etag", "set-cookie", "x-position")
_REQUEST = re.compile(rb"req_[0-9a-f]+")


@dataclass(frozen=True)
class Asker:
    """Somebody, and how a node or a cache knows who it is."""

    name: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Seen:
    """What somebody got for a URL; a request's own identifier is left out."""

    status: int
    body: bytes
    headers: tuple[str | None, ...]

    @classmethod
    def of(cls, answer: httpx.Response) -> "Seen":
        return cls(answer.status_code, _REQUEST.sub(b"", answer.content), tuple(answer.headers.get(name) for name in COMPARED))


@dataclass(frozen=True)
class Walk:
    """What differed from the origin's answers, and what came out of the cache."""

    crossed: set[str]
    hits: set[str]
    asked: int


async def things_of(caller: Caller) -> dict[str, str]:
    """Return the identifiers of what is the caller's alone, by the name that a path has for it."""
    slug = await caller.agent("scripted")
    session = await caller.session(slug)
    said = await caller.say(session, f"The secret of {caller.email}. " * 60)
    assert said.status_code == 201, said.text
    shared = await caller.post(f"/v1/sessions/{session}/share")
    token = shared.json()["token"] if shared.status_code == 201 else "none"
    run, message = said.json()["run"]["id"], said.json()["message"]["id"]
    return {
        "agent_id": slug, "model_id": slug, "session_id": session, "conversation_id": session, "chat_id": session, "run_id": run,
        "response_id": run, "item_id": message, "user_id": caller.user["id"], "name": "none", "token": token,
    }


async def urls_of(http: httpx.AsyncClient, things: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """Return each GET of the OpenAPI document with the URLs to ask, of either user's things."""
    document: dict[str, Any] = (await http.get("/schema/openapi.json")).json()
    paths = [path for path, item in document["paths"].items() if "get" in item and path not in ALWAYS_NEW]
    return {path: sorted({path.format(**one) for one in things}) for path in [*paths, "/schema/openapi.json", "/docs"]}


def askers_of(callers: Sequence[Caller]) -> list[Asker]:
    """Return the users by token and by cookie, and a stranger."""
    askers = [Asker("a stranger", {})]
    for caller in callers:
        askers.append(Asker(f"{caller.email} by token", {"authorization": f"Bearer {caller.token}"}))
        askers.append(Asker(f"{caller.email} by cookie", {"cookie": f"ola_session={caller.token}"}))
    return askers


async def walk(origin: httpx.AsyncClient, cache: httpx.AsyncClient, urls: dict[str, list[str]], askers: list[Asker]) -> Walk:
    """Ask for everything as everybody, in both orders, twice, in two codings, through the cache and at the origin."""
    crossed, hits, asked = set(), set(), 0
    for path, url in ((path, url) for path, each in urls.items() for url in each):
        for order, coding in product((askers, askers[::-1], askers[::-1]), ("gzip", "identity")):
            for asker in order:
                headers = asker.headers | {"accept-encoding": coding}
                through, straight = await cache.get(url, headers=headers), await origin.get(url, headers=headers)
                asked += 1
                hit = through.headers.get("x-cache") == "hit"
                if Seen.of(through) != Seen.of(straight) or (hit and "public" not in through.headers["cache-control"]):
                    crossed.add(path)
                if hit:
                    hits.add(path)
    assert not [*cache.cookies, *origin.cookies]
    return Walk(crossed, hits, asked)


@asynccontextmanager
async def two_users(node: Node, cache_before: Cache) -> AsyncIterator[Walk]:
    """Yield what comes of a walk through a cache."""
    callers = [await node.api.sign_up(), await node.api.sign_up()]
    things = [await things_of(caller) for caller in callers]
    urls = await urls_of(node.http, [*things, {**things[0], "agent_id": "einstein"}])
    async with cache_before(node.port) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as cache:
        node.http.cookies.clear()
        yield await walk(node.http, cache, urls, askers_of(callers))


@pytest.fixture(scope="module")
async def node(shared_dsn: str, valkey_url: str) -> AsyncIterator[Node]:
    async with listening(Settings(catalog_dsn=shared_dsn, redis_url=valkey_url)) as running:
        yield running


@pytest.mark.parametrize("cache", CACHES)
async def test_nothing_crosses_between_two_users_of_a_shared_cache(node: Node, cache: str) -> None:
    async with two_users(node, CACHES[cache]) as walked:
        assert walked.asked > 500
        assert walked.crossed == set()
        assert walked.hits >= {*PUBLIC, "/schema/openapi.json", "/docs"}


async def test_only_what_says_that_it_is_public_comes_out_of_the_cache(node: Node) -> None:
    async with two_users(node, CACHES["trusting"]) as walked:
        assert walked.hits <= {*PUBLIC, "/v1/shared/{token}", "/schema/openapi.json", "/docs"}


async def test_a_private_route_that_says_that_it_is_public_is_found_out(node: Node) -> None:
    async with two_users(node, partial(plain_varnish, rules=LYING + TRUSTING)) as walked:
        assert "/v1/users/me" in walked.crossed
