"""A short form of `make coherence`: lines break and nodes stand still, and nobody reads what is too old."""

import pytest

from tests.coherence.record import violations
from tests.coherence.rehearsal import Trial, rehearse
from tests.coherence.report import summary
from tests.support.load_balancers import installed

needs_haproxy = pytest.mark.skipif(not installed("haproxy"), reason="HAProxy is not installed (Debian's package haproxy)")


@needs_haproxy
@pytest.mark.timeout(240)
async def test_nobody_reads_what_is_too_old_while_lines_break_and_nodes_stand_still() -> None:
    record = await rehearse(Trial(seconds=15, people=4, seed=7, mild=True))
    assert violations(record) == [], "\n".join(summary(record))
    assert record.faults
    assert {seen.how for seen in record.seen} == {"id", "list", "page", "head", "name", "catalogue", "use"}
    strong = [write for write in record.writes if not record.is_weak(write)]
    assert len(strong) > len(record.writes) / 2
    assert all(counts["process", "hit"] and counts["redis", "hit"] for counts in record.counts.values())
