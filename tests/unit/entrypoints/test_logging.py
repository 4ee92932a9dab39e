"""Log lines, as a collector reads them."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from entrypoints.logging import configure_logging
from entrypoints.settings import Settings

NOISY = ("asyncio", "uvicorn.access")
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Give the process its own logging back."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in NOISY}
    handlers, level = root.handlers[:], root.level
    for name in NOISY:
        logging.getLogger(name).propagate = True  # uvicorn turns its own off where another test runs a server
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Return what has been logged since, each line a JSON object."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_where_there_is_no_terminal_each_event_is_a_line_of_json(lines: Lines) -> None:
    configure_logging(Settings())
    logging.getLogger("application.runs").warning("run taken over by %s", "another node", extra={"run_id": "run_1"})
    (line,) = lines()
    time = datetime.fromisoformat(line.pop("timestamp"))
    assert time.utcoffset() == timedelta(0)
    assert line == {"event": "run taken over by another node", "level": "warning", "run_id": "run_1"}


def test_our_own_loggers_and_the_librarys_write_alike(lines: Lines) -> None:
    configure_logging(Settings(log_format="json"))
    structlog.get_logger("ours").info("answered", status=200, path="/v1/agents")
    logging.getLogger("theirs").info("answered", extra={"status": 200, "path": "/v1/agents"})
    ours, theirs = lines()
    assert ours.keys() == theirs.keys()
    assert ours | {"timestamp": ""} == theirs | {"timestamp": ""}


@pytest.mark.parametrize("name", [
    "password", "access_token", "client_secret", "api_key", "Authorization", "cookie", "catalog_dsn", "content", "text",
])
def test_what_a_line_must_not_hold_is_hidden_by_its_name(lines: Lines, name: str) -> None:
    configure_logging(Settings(log_format="json"))
    structlog.get_logger("ours").warning("noted", **{name: "hunter2", "user_id": "user_1"})
    logging.getLogger("theirs").warning("noted", extra={name: "hunter2", "user_id": "user_1"})
    for line in lines():
        assert (line[name], line["user_id"]) == ("[hidden]", "user_1")


def test_secrets_are_hidden_on_a_console_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="console"))
    logging.getLogger("theirs").warning("noted", extra={"password": "hunter2", "user_id": "user_1"})
    written = capsys.readouterr().err
    assert "noted" in written
    assert "user_1" in written
    assert "hunter2" not in written


def test_an_exception_stays_on_its_events_line(lines: Lines) -> None:
    configure_logging(Settings(log_format="json"))
    try:
        json.loads("no\njson")
    except ValueError:
        logging.getLogger("theirs").exception("run failed")
    (line,) = lines()
    assert (line["event"], line["level"]) == ("run failed", "error")
    assert "JSONDecodeError: Expecting value" in line["exception"]


def test_a_line_cannot_be_forged_by_what_is_logged(lines: Lines) -> None:
    configure_logging(Settings(log_format="json"))
    logging.getLogger("theirs").warning('x\n{"event": "forged"}')
    assert [line["event"] for line in lines()] == ['x\n{"event": "forged"}']


def test_what_a_request_binds_is_on_every_line_of_it(lines: Lines) -> None:
    configure_logging(Settings(log_format="json"))
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        logging.getLogger("theirs").warning("within")
    logging.getLogger("theirs").warning("without")
    assert [line.get("request_id") for line in lines()] == ["req_1", None]


@pytest.mark.parametrize(("level", "heard"), [
    ("DEBUG", ["debug", "info", "warning", "error"]), ("INFO", ["info", "warning", "error"]),
    ("WARNING", ["warning", "error"]), ("ERROR", ["error"]),
])
def test_the_level_is_what_was_set(lines: Lines, level: Any, heard: list[str]) -> None:
    configure_logging(Settings(log_format="json", log_level=level))
    for name in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("theirs"), name)("noted")
    assert [line["level"] for line in lines()] == heard


@pytest.mark.parametrize(("level", "heard"), [("DEBUG", ["warning", "error"]), ("ERROR", ["error"])])
@pytest.mark.parametrize("logger", NOISY)
def test_loggers_that_chatter_are_heard_from_warnings_on(lines: Lines, logger: str, level: Any, heard: list[str]) -> None:
    configure_logging(Settings(log_format="json", log_level=level))
    for name in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger(logger), name)("noted")
    assert [line["level"] for line in lines()] == heard


def test_configuring_again_does_not_write_lines_twice(lines: Lines) -> None:
    configure_logging(Settings(log_format="json"))
    configure_logging(Settings(log_format="json"))
    logging.getLogger("theirs").warning("noted")
    assert len(lines()) == 1
