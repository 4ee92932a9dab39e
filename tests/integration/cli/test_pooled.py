"""A whole deployment behind PgBouncer: migrated, served and worked for, with the configuration that operators use."""

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import serving
from tests.support.pgbouncer import pgbouncer
from tests.support.processes import ONELAST, run_onelast, running


async def test_everything_runs_behind_a_pooler(fresh: Environment) -> None:
    async with pgbouncer(fresh["ONELAST_CATALOG_DSN"]) as pooler:
        settings = fresh | {"ONELAST_CATALOG_DSN": pooler.before(fresh["ONELAST_CATALOG_DSN"]), "ONELAST_POOLER": "pgbouncer"}
        refused = await run_onelast("migrate", environment=settings)
        assert (refused.status != 0, "not through a pooler" in refused.err) == (True, True), refused.err
        for migrating in (fresh, settings):
            migrated = await run_onelast("migrate", environment=migrating)
            assert migrated.status == 0, migrated.err
        async with running(ONELAST, "worker", environment=settings) as worker, serving(settings) as node:
            await worker.says("working")
            caller = await node.api.sign_up()
            answer = await caller.say(await caller.session("einstein"), "Hello!")
            assert answer.status_code == 201, answer.text
            assert (await node.api.http.get("/readyz")).status_code == 200
            assert worker.running
