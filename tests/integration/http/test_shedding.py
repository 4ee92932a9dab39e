"""A node that is late refuses what is new over HTTP and over sockets, and goes on with what it has accepted."""

import pytest
from dishka import Provider, Scope, provide
from websockets.exceptions import InvalidStatus

from entrypoints.http.shedding import Shedding
from entrypoints.settings import Settings
from tests.support.api import error_of
from tests.support.realtime import listening


class Late(Provider):
    """A node that is as late as the test says."""

    scope = Scope.APP

    def __init__(self) -> None:
        super().__init__()
        self.shed = Shedding(0.02, lambda: 1_000)

    @provide(override=True)
    def shedding(self) -> Shedding:
        return self.shed

    def make_late(self) -> None:
        while self.shed.share > 0.1:
            self.shed.judge(1.0)
        while not self.shed.refuses("request"):
            pass

    def make_timely(self) -> None:
        while self.shed.share < 1.0:
            self.shed.judge(0.0)


async def test_a_late_node_refuses_what_is_new_and_goes_on_with_what_it_accepted(shared_dsn: str, valkey_url: str) -> None:
    late = Late()
    async with listening(Settings(catalog_dsn=shared_dsn, redis_url=valkey_url), late) as node:
        caller = await node.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        async with node.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content="Hi")
            run = (await tab.until("run.created"))["run_id"]
            late.make_late()
            refused = await caller.get("/v1/sessions")
            assert error_of(refused, 503)["code"] == "overloaded"
            assert refused.headers["retry-after"] == "1"
            await tab.tell("message.create", session_id=session, content="And?", event_id="second")
            assert (await tab.until("error"))["error"]["code"] == "overloaded"
            with pytest.raises(InvalidStatus) as stranger:
                async with node.tab(caller):
                    pass
            assert stranger.value.response.status_code == 503
            assert (await caller.get(f"/v1/runs/{run}")).status_code == 200
            assert (await node.http.get("/readyz")).status_code == 200
            node.scripted.release()
            assert (await tab.to_the_end_of(run))[-1]["status"] == "completed"
            late.make_timely()
            assert (await caller.get("/v1/sessions")).status_code == 200
        assert {kind: number > 0 for kind, number in late.shed.counts.items()} == dict.fromkeys(late.shed.counts, True)
        assert 'onelast_shed_requests_total{kind="message"} 1.0' in (await node.http.get("/metrics")).text
