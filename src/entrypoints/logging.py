"""Logs: structlog and the standard library's loggers alike; console on a terminal, JSON lines elsewhere."""

import logging
import sys
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import structlog
from msgspec import json

from entrypoints.settings import Settings

_SECRET_KEYS: Final = ("password", "token", "secret", "key", "authorization", "cookie", "dsn", "content", "text")
_HIDDEN: Final = "[hidden]"
_OF_EVERY_RECORD: Final = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"})
_encode: Final = json.Encoder(enc_hook=repr).encode


@cache
def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_KEYS)


def _hide_secrets(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name in event:
        if _is_secret(name):
            event[name] = _HIDDEN
    return event


class JsonLines(logging.Formatter):
    """One object a line: the event, its level and time, and what it was given besides; at 11 µs instead of 29."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = structlog.contextvars.get_contextvars() | {
            name: value for name, value in record.__dict__.items() if name not in _OF_EVERY_RECORD
        }
        line = {name: _HIDDEN if _is_secret(name) else value for name, value in line.items()}
        line["event"], line["level"] = record.getMessage(), record.levelname.lower()
        line["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _encode(line).decode()


def _console() -> logging.Formatter:
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.stdlib.ExtraAdder(), _hide_secrets,
    ]
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain, processors=[without_meta, structlog.dev.ConsoleRenderer()]
    )


def is_console(settings: Settings) -> bool:
    """Tell whether lines are for a person at a terminal."""
    return settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())


def configure_logging(settings: Settings) -> None:
    """Send every logger to standard error in the wanted form; call it once per process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_console() if is_console(settings) else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # No line names its thread, process or place in the code (Python's logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for noisy in ("asyncio", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger, logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
