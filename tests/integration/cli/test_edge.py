"""An edge is named in the settings: what is wrong with that is told at the start, and by the doctor."""

import asyncio

import pytest

from adapters.embedded.child import free_port
from tests.integration.cli.conftest import Environment
from tests.integration.cli.test_doctor import faults
from tests.integration.cli.test_refusals import require_sentence
from tests.support.processes import run_onelast

VARNISH = {"ONELAST_EDGE": "varnish", "ONELAST_EDGE_URL": "http://127.0.0.1:1", "ONELAST_EDGE_TOKEN": "sesame"}


@pytest.mark.parametrize(("wrong", "words"), [
    ({"ONELAST_EDGE": "moon"}, ("ONELAST_EDGE is moon", "varnish")),
    ({"ONELAST_EDGE": "varnish"}, ("ONELAST_EDGE_URL is not set",)),
    ({"ONELAST_EDGE_URL": "http://varnish"}, ("ONELAST_EDGE_URL is not a setting",)),
    (VARNISH | {"ONELAST_EDGE_TOKEN": "open sesame"}, ("ONELAST_EDGE_TOKEN must",)),
    (VARNISH | {"ONELAST_EDGE_ZONE": "z"}, ("ONELAST_EDGE_ZONE is not a setting",)),
])
async def test_a_wrong_edge_stops_the_start_of_nodes_and_workers(
    deployment: Environment, wrong: Environment, words: tuple[str, ...]
) -> None:
    for ended in await asyncio.gather(*(run_onelast(name, environment=deployment | wrong) for name in ("serve", "worker"))):
        assert "sesame" not in ended.err
        lines = [line for line in ended.err.splitlines() if line != "working"]
        require_sentence(type(ended)(ended.status, ended.out, "\n".join([*lines, ""])), *words)


async def test_an_edge_that_takes_no_purge_is_named_by_the_doctor(deployment: Environment) -> None:
    away = VARNISH | {"ONELAST_EDGE_URL": f"http://127.0.0.1:{free_port()}"}
    found, wrong = await faults(deployment | away, deployment | {"ONELAST_EDGE": "moon"})
    assert set(found) == set(wrong) == {"edge"}
    assert "gives no answer" in found["edge"]
    assert "ONELAST_EDGE is moon" in wrong["edge"]
