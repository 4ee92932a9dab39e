"""What Prometheus is told."""

import pytest

from adapters.telemetry.metrics import Metrics


def lines_of(metrics: Metrics, name: str) -> dict[str, float]:
    """Return the values of one metric by their labels."""
    found = [line.rpartition(" ") for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    return {labels.removeprefix(name): float(value) for labels, _, value in found if labels.partition("{")[0] == name}


def test_each_answer_is_counted_under_its_method_path_and_status() -> None:
    metrics = Metrics()
    for status in (200, 200, 404):
        metrics.request("GET", "/v1/agents", status, 0.25)
    metrics.request("POST", "/v1/agents", 201, 0.25)
    assert lines_of(metrics, "onelast_http_answers_total") == {
        '{method="GET",path="/v1/agents",status="200"}': 2,
        '{method="GET",path="/v1/agents",status="404"}': 1,
        '{method="POST",path="/v1/agents",status="201"}': 1,
    }


def test_answers_of_one_path_share_their_times_whatever_the_status() -> None:
    metrics = Metrics()
    metrics.request("GET", "/livez", 200, 0.5)
    metrics.request("GET", "/livez", 503, 1.5)
    labels = '{method="GET",path="/livez"}'
    assert lines_of(metrics, "onelast_http_request_seconds_count") == {labels: 2}
    assert lines_of(metrics, "onelast_http_request_seconds_sum") == {labels: 2.0}


@pytest.mark.parametrize(("seconds", "within"), [(0.2, '0.2"'), (0.15, '0.2"'), (0.21, '0.5"'), (299, '300.0"'), (301, '+Inf"')])
def test_a_time_is_counted_in_the_buckets_that_hold_it(seconds: float, within: str) -> None:
    metrics = Metrics()
    metrics.use_case("SendMessage", "ok", seconds)
    buckets = lines_of(metrics, "onelast_use_case_seconds_bucket")
    holding = [labels for labels, count in buckets.items() if count == 1]
    assert f'le="{within}' in holding[0]
    assert len(holding) == len(buckets) - list(buckets).index(holding[0])


def test_use_cases_are_told_apart_by_name_and_outcome() -> None:
    metrics = Metrics()
    for outcome in ("ok", "ok", "run_active"):
        metrics.use_case("SendMessage", outcome, 0.1)
    assert lines_of(metrics, "onelast_use_case_seconds_count") == {
        '{outcome="ok",use_case="SendMessage"}': 2, '{outcome="run_active",use_case="SendMessage"}': 1,
    }


def test_a_gauge_is_read_when_it_is_asked_for() -> None:
    metrics, streams = Metrics(), [1, 2]
    metrics.gauge("onelast_open_streams", "Streams that are open.", lambda: len(streams))
    assert lines_of(metrics, "onelast_open_streams") == {"": 2}
    streams.clear()
    assert lines_of(metrics, "onelast_open_streams") == {"": 0}
    assert b"# HELP onelast_open_streams Streams that are open." in metrics.render()


def test_a_gauge_may_not_take_a_name_that_is_in_use() -> None:
    metrics = Metrics()
    metrics.gauge("onelast_open_streams", "Streams that are open.", lambda: 1)
    with pytest.raises(ValueError, match="onelast_open_streams"):
        metrics.gauge("onelast_open_streams", "Others.", lambda: 2)


def test_two_applications_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.request("GET", "/", 200, 0.1)
    assert lines_of(second, "onelast_http_answers_total") == {}
