import asyncio
import io
import json

import pytest

from entrypoints.access_log import AccessLog, JsonAccessLog, note_nothing, note_on_console
from entrypoints.settings import Settings


def written(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_lines_of_a_moment_leave_together_and_soon() -> None:
    stream = io.StringIO()
    log = JsonAccessLog(stream)
    for number in range(3):
        log.note("GET", "/v1/agents", 200, 0.0123456, f"req_{number}")
    assert stream.getvalue() == ""
    async with asyncio.timeout(5):
        while not stream.getvalue():  # noqa: ASYNC110  (nobody tells us)
            await asyncio.sleep(0.01)
    assert [line["request_id"] for line in written(stream)] == ["req_0", "req_1", "req_2"]


async def test_a_line_says_what_the_other_lines_of_the_log_say() -> None:
    stream = io.StringIO()
    log = JsonAccessLog(stream)
    log.note("GET", "/v1/sessions/{session_id}", 404, 0.0123456, "req_1")
    log.flush()
    [line] = written(stream)
    assert str(line.pop("timestamp")).endswith("+00:00")
    assert line == {
        "event": "request", "level": "info", "method": "GET", "path": "/v1/sessions/{session_id}", "status": 404, "ms": 12.35,
        "request_id": "req_1",
    }


async def test_very_many_lines_do_not_wait() -> None:
    stream = io.StringIO()
    log = JsonAccessLog(stream)
    for number in range(1_000):
        log.note("GET", "/", 200, 0.001, str(number))
    assert 1_000 - 256 <= len(written(stream)) <= 1_000
    log.flush()
    assert [line["request_id"] for line in written(stream)] == [str(number) for number in range(1_000)]


@pytest.mark.parametrize(("level", "form", "note"), [("WARNING", "json", note_nothing), ("INFO", "console", note_on_console)])
def test_the_settings_say_what_becomes_of_requests(level: str, form: str, note: object) -> None:
    assert AccessLog(Settings(log_level=level, log_format=form)).note is note  # type: ignore[arg-type]
