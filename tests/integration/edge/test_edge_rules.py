"""The rules of the edges that we cannot run here: their own tests, and the Worker before the real application."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml
from websockets.asyncio.client import connect

from entrypoints.settings import Settings
from tests.integration.edge.test_edges import BEGINNING, WHOLE, beginning_of, stream
from tests.support.api import Api, text_of
from tests.support.edge_worker import EDGE_FILES, NODE, worker_before
from tests.support.processes import run
from tests.support.realtime import Node, Tab, listening

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")
_NAMED_IN_METRICS = re.compile(r'^onelast_http_answers_total\{method="GET",path="(.+)",status="\d+"\} (\d+)')


@dataclass(frozen=True, slots=True)
class Front:
    """A client of the Worker, and the node behind it."""

    api: Api
    node: Node
    port: int

    async def asked(self) -> dict[str, int]:
        """How many GET requests of each path the node has answered."""
        found = [_NAMED_IN_METRICS.match(line) for line in (await self.node.metrics()).decode().splitlines()]
        return {one[1]: int(one[2]) for one in found if one}


@pytest.fixture
async def front(shared_dsn: str, valkey_url: str) -> AsyncIterator[Front]:
    async with (
        listening(Settings(catalog_dsn=shared_dsn, redis_url=valkey_url)) as node,
        worker_before(node.port) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield Front(Api(http), node, port)


@pytest.mark.parametrize("edge_of", ["cloudflare", "cloudfront"])
async def test_the_rules_pass_their_own_tests(edge_of: str) -> None:
    assert NODE is not None
    files = sorted(str(file) for file in (EDGE_FILES / edge_of / "test").glob("*.test.mjs"))
    ended = await run(NODE, "--test", "--test-reporter=tap", *files, within=60)
    told = dict(re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", ended.out, re.MULTILINE))
    assert ended.status == 0, ended.out + ended.err
    assert int(told.pop("pass")) > 0
    assert set(told.values()) == {"0"}, ended.out


async def test_the_catalogue_is_answered_at_the_edge_the_second_time(front: Front) -> None:
    answers = [await front.api.http.get(path) for path in ("/v1/agents?limit=2", "/v1/agents?utm=x&limit=2")]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss", "hit"]
    assert answers[0].json() == answers[1].json()
    assert (await front.asked())["/v1/agents"] == 1
    known = await front.api.http.get("/v1/agents?limit=2", headers={"if-none-match": answers[0].headers["etag"]})
    assert (known.status_code, (await front.asked())["/v1/agents"]) == (304, 1)
    assert not {"cache-tag", "surrogate-key"} & {name for answer in answers for name in answer.headers}


async def test_two_users_and_a_visitor_never_get_what_is_anothers(front: Front) -> None:
    first, second = await front.api.sign_up(), await front.api.sign_up()
    for caller in (first, second, first):
        assert (await caller.get("/v1/users/me")).json()["id"] == caller.user["id"]
    private = await first.post("/v1/agents", _agent("mine-alone", "private"))
    assert private.status_code == 201, private.text
    path = f"/v1/agents/{private.json()['id']}"
    front.api.http.cookies.clear()
    for _ in range(2):
        seen = await first.get(path)
        assert (seen.status_code, seen.headers["x-cache"]) == (200, "bypass")
        assert [(await second.get(path)).status_code, (await front.api.http.get(path)).status_code] == [404, 404]


async def test_a_sign_in_cookie_is_never_answered_from_what_others_got(front: Front) -> None:
    caller = await front.api.sign_up()
    front.api.http.cookies.clear()
    assert (await front.api.http.get("/v1/agents")).headers["x-cache"] == "miss"
    cookie = {"cookie": f"ola_csrf=c; ola_session={caller.token}"}
    answers = [await front.api.http.get("/v1/agents", headers=cookie) for _ in range(2)]
    assert [answer.headers["x-cache"] for answer in answers] == ["bypass", "bypass"]
    assert (await front.asked())["/v1/agents"] == 3


async def test_events_come_through_the_worker_while_the_model_still_thinks(front: Front) -> None:
    caller = await front.api.sign_up()
    session = await caller.session(await caller.agent("scripted-stalls"))
    async with stream(caller, session) as events:
        seen = await beginning_of(events)
        assert text_of(seen) == BEGINNING
        front.node.scripted.release()
        seen += [event async for event in events]
    assert (text_of(seen), seen[-1]["type"]) == (WHOLE, "end")


async def test_a_socket_comes_through_the_worker(front: Front) -> None:
    caller = await front.api.sign_up()
    session = await caller.session()
    headers = {"authorization": f"Bearer {caller.token}"}
    async with connect(f"ws://127.0.0.1:{front.port}/v1/realtime", additional_headers=headers, proxy=None) as connection:
        tab = Tab(connection)
        await tab.tell("message.create", session_id=session, content="Hi")
        end = await tab.until("end")
        assert text_of(tab.events_of(end["run_id"])) == WHOLE


async def test_each_answer_bears_the_identifier_of_the_request_that_the_node_answered(front: Front) -> None:
    first, second = [(await front.api.http.get("/v1/agents")).headers["x-request-id"] for _ in range(2)]
    passed = [(await front.api.http.get("/v1/sessions")).headers["x-request-id"] for _ in range(2)]
    assert first == second
    assert len({first, *passed}) == 3


def test_only_the_behaviours_with_the_function_may_store_anything() -> None:
    distribution = _resources()["Distribution"]["DistributionConfig"]
    assert distribution["DefaultCacheBehavior"]["CachePolicyId"] == "NothingKept"
    assert _resources()["NothingKept"]["CachePolicyConfig"]["MaxTTL"] == 0
    paths = {one["PathPattern"]: _events(one) for one in distribution["CacheBehaviors"]}
    public = ["/v1/agents", "/v1/agents/*", "/v1/shared/*", "/v1/status", "/schema/openapi.json", "/docs"]
    assert paths == {path: ["viewer-request", "viewer-response"] for path in public}
    shared = _resources()["SharedPolicy"]["CachePolicyConfig"]
    key = shared["ParametersInCacheKeyAndForwardedToOrigin"]
    assert (shared["MinTTL"], shared["DefaultTTL"]) == (0, 0)
    assert key["HeadersConfig"]["Headers"] == ["accept-encoding", "x-edge-key"]
    assert key["QueryStringsConfig"]["QueryStrings"] == ["after", "before", "limit", "order"]


def test_no_error_is_stored_for_it_would_be_anothers() -> None:
    errors = _resources()["Distribution"]["DistributionConfig"]["CustomErrorResponses"]
    assert {one["ErrorCode"] for one in errors} == {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
    assert {one["ErrorCachingMinTTL"] for one in errors} == {0}


def test_the_template_has_no_aliases_which_cloudformation_refuses() -> None:
    tokens = yaml.scan((EDGE_FILES / "cloudfront/distribution.yaml").read_text())
    assert not [token for token in tokens if isinstance(token, yaml.AliasToken | yaml.AnchorToken)]


class _CloudFormation(yaml.SafeLoader):
    """Reads a template; what a function would yield is what it is given."""


_CloudFormation.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def _resources() -> dict[str, Any]:
    template = yaml.load((EDGE_FILES / "cloudfront/distribution.yaml").read_text(), _CloudFormation)
    return {name: resource["Properties"] for name, resource in template["Resources"].items()}


def _events(behaviour: dict[str, Any]) -> Sequence[str]:
    return [one["EventType"] for one in behaviour["FunctionAssociations"]]


def _agent(slug: str, visibility: str) -> dict[str, Any]:
    return {"slug": slug, "name": "Mine", "persona": "You are mine.", "model": "scripted", "visibility": visibility}
