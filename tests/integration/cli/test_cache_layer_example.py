"""The example of docs/how-to/write-a-cache-layer.md, installed beside a real node."""

import re
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import Node, serving
from tests.support.processes import REPOSITORY, Ended, run, run_onelast

EXAMPLE = REPOSITORY / "docs" / "how-to" / "cache-layer-example"
READINGS = 5


@pytest.fixture(scope="module")
async def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example is installed, as an operator would do it."""
    place = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    ended: Ended = await run(*pip, "--target", str(place), str(EXAMPLE), environment={"PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    assert ended.status == 0, ended.err
    return place


@pytest.fixture
async def with_example(installed: Path, deployment: Environment, tmp_path: Path) -> Environment:
    """The settings of a deployment that can have the layer."""
    return deployment | {"PYTHONPATH": str(installed), "ONELAST_CACHE_FILE_FOLDER": str(tmp_path / "cache")}


@pytest.fixture(params=["file", "process,file"])
async def node(request: pytest.FixtureRequest, with_example: Environment) -> AsyncIterator[Node]:
    async with serving(with_example | {"ONELAST_CACHE_LAYERS": request.param}) as serves:
        yield serves


async def measured(node: Node, family: str) -> Mapping[str, float]:
    """Return the samples of one family, by their labels."""
    lines = re.findall(rf"^{family}{{(.+)}} ([\d.e+]+)$", (await node.api.http.get("/metrics")).text, re.MULTILINE)
    return {labels: float(number) for labels, number in lines}


async def hits(node: Node) -> float:
    """Return how often the layer had what was asked of it."""
    return (await measured(node, "onelast_cache_operations_total"))['layer="file",outcome="hit"']


async def queries(node: Node) -> dict[str, float]:
    """Return how often each query ran but those that a node makes whether it is asked for something or not."""
    counts = await measured(node, "onelast_query_seconds_count")
    return {labels: number for labels, number in counts.items() if not re.search('query="(runs|nodes|shard_maps)[.]', labels)}


async def test_what_was_read_once_comes_from_the_folder_and_a_change_is_seen_at_once(node: Node) -> None:
    caller = await node.api.sign_up()
    path = f"/v1/sessions/{await caller.session()}"
    first = (await caller.get(path)).json()
    hit, asked = await hits(node), await queries(node)
    for _ in range(READINGS):
        assert (await caller.get(path)).json() == first
    assert await hits(node) >= hit + READINGS
    assert await queries(node) == asked
    changed = await caller.request("PATCH", path, json={"title": "Time"})
    assert (changed.status_code, (await caller.get(path)).json()) == (200, changed.json())
    assert await queries(node) != asked


async def test_two_nodes_of_a_machine_share_the_folder(with_example: Environment) -> None:
    settings = with_example | {"ONELAST_CACHE_LAYERS": "file"}
    async with serving(settings) as one, serving(settings) as other:
        caller = await one.api.sign_up()
        path = f"/v1/sessions/{await caller.session()}"
        for title in ("Time", "Space"):
            caller.http = one.api.http
            changed = (await caller.request("PATCH", path, json={"title": title})).json()
            assert (await caller.get(path)).json() == changed
            asked, caller.http = await queries(other), other.api.http
            assert (await caller.get(path)).json() == changed
            assert await queries(other) == asked


async def test_a_layer_without_its_setting_is_refused_in_a_sentence(with_example: Environment) -> None:
    settings = with_example | {"ONELAST_CACHE_LAYERS": "file"}
    for command in ("serve", "worker"):
        ended = await run_onelast(command, environment=settings | {"ONELAST_CACHE_FILE_FOLDER": ""})
        assert (ended.status, ended.err.splitlines()[-1]) == (2, "onelast: ONELAST_CACHE_FILE_FOLDER is not set.")
    told = await run_onelast("doctor", environment=settings)
    assert (told.status, "ok   cache layers: file\n" in told.out) == (0, True)
    missing = await run_onelast("serve", environment=settings | {"PYTHONPATH": ""})
    assert (missing.status, missing.err.count("\n")) == (2, 1)
    assert "ONELAST_CACHE_LAYERS names 'file', which is none of process, redis and none." in missing.err
