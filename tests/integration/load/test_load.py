"""A short form of `make load`: thirty people, for some seconds."""

import sys
from pathlib import Path

import pytest
from msgspec import json

from tests.support.processes import run

THIRTY = ("--people", "30", "--minutes", "0.08", "--ramp", "1", "--workers", "2", "--shortest", "1", "--longest", "2")


@pytest.mark.timeout(240)
async def test_thirty_people_talk_and_all_that_they_are_told_is_checked_and_reported(tmp_path: Path) -> None:
    ended = await run(
        sys.executable, "-m", "bench.load", *THIRTY, "--dropping", "0.3", "--results", str(tmp_path), within=180
    )
    assert ended.status in {0, 1, 2}, ended.err
    assert ended.out, ended.err
    file, page = (next(tmp_path.glob(f"load-*.{kind}")) for kind in ("json", "html"))  # noqa: ASYNC240
    body = json.decode(file.read_bytes())
    steady = body["phases"]["steady"]
    goals = {goal["name"]: goal for goal in steady["goals"]}
    assert ended.status == (2 if steady["doubts"] else 0 if all(goal["met"] for goal in goals.values()) else 1), ended.err
    assert goals["events lost or doubled"]["met"], ended.err
    assert goals["replies with another text or end"]["met"], ended.err
    assert not body["logged"]
    counts = steady["counts"]
    assert counts["replies"] > 30
    assert counts["events"] > 50 * 30
    assert counts["reconnects"] > 0
    assert (steady["figures"] is None) == bool(steady["doubts"])
    assert {"serve 1", "serve 2", "worker"} <= set(body["full"])
    assert steady["counted"]["transactions_per_message"] > 1
    assert page.read_text().count("<svg") >= 2
    assert "src=" not in page.read_text()
    assert str(file) in ended.out
