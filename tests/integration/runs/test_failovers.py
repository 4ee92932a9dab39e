"""Two nodes over Valkey under sentinels and as a cluster, while the master that has a run's log is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from entrypoints.settings import Settings
from tests.support.api import text_of
from tests.support.realtime import Node, first_events, listening, seqs
from tests.support.valkey_forms import Loss, ValkeyForm

WHOLE = "Well, let me think about that for a moment. "

# Nobody takes over from a server alone.
pytestmark = pytest.mark.parametrize("valkey_form", ["sentinels", "cluster"], indirect=True, scope="session")


@pytest.fixture
def loss(valkey_form: ValkeyForm) -> Iterator[Loss]:
    loss = Loss(valkey_form)
    yield loss
    loss.mend()


@pytest.fixture
async def nodes(own_dsn: str, valkey_form: ValkeyForm, loss: Loss) -> AsyncIterator[tuple[Node, Node]]:
    settings = Settings(catalog_dsn=own_dsn, redis_url=valkey_form.url)
    async with listening(settings) as first, listening(settings) as second:
        yield first, second


async def test_viewers_see_every_event_once_and_the_end_though_the_logs_master_is_killed(
    nodes: tuple[Node, Node], loss: Loss
) -> None:
    here = await nodes[0].api.sign_up()
    there = nodes[1].of(here)
    session = await here.session(await here.agent("scripted-stalls"))
    run = str((await first_events(here, session, 2))[0]["run_id"])
    viewers = [asyncio.create_task(caller.events(run)) for caller in (here, there)]
    await asyncio.sleep(0.5)
    loss.of(f"onelast:run:{run}")
    nodes[0].scripted.release()
    stories: list[list[dict[str, Any]]] = await asyncio.gather(*viewers)
    assert stories[0] == stories[1]
    assert seqs(stories[0]) == list(range(1, len(stories[0]) + 1))
    assert (text_of(stories[0]), stories[0][-1]["type"]) == (WHOLE, "end")
    assert (await there.get(f"/v1/runs/{run}")).json()["status"] == "completed"


async def test_a_node_is_ready_and_says_that_its_cache_works(nodes: tuple[Node, Node]) -> None:
    told = (await nodes[0].http.get("/readyz")).json()
    assert told["ready"]
    assert {one["name"]: one["ok"] for one in told["components"]}["cache"]
