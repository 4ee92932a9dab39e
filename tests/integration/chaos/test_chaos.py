"""A short form of `make chaos`: a node is killed at least, and nobody may have seen, lost or paid for anything wrong."""

import pytest

from tests.chaos.checker import violations
from tests.chaos.plan import Plan
from tests.chaos.rehearsal import rehearse
from tests.chaos.report import keep_if_wrong, summary
from tests.support.load_balancers import installed

needs_haproxy = pytest.mark.skipif(not installed("haproxy"), reason="HAProxy is not installed (Debian's package haproxy)")


@needs_haproxy
@pytest.mark.timeout(240)
async def test_people_notice_no_more_than_a_pause_when_nodes_and_lines_fail(tmp_path_factory: pytest.TempPathFactory) -> None:
    plan = Plan(seconds=10, streams=24, seed=7)
    history, logs = await rehearse(plan)
    wrong = violations(history)
    where = keep_if_wrong(tmp_path_factory.getbasetemp(), plan, history, logs, wrong)
    assert wrong == [], "\n".join([*summary(plan, history), f"seed {plan.seed}, history in {where}"])
    assert any(run.attempt > 1 for run in history.runs)
    assert any(viewing.viewer.endswith("(socket)") for viewing in history.viewings)
