"""Values with which every statement is tried, and how many rows it may read for them.

User 1 has most sessions and agents, session 1 most messages; what is asked of them is asked of the worst case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NEW: Final = 99_999_999_999
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """Values, and the most rows that any step of the plan may have in its hands: a few, or a few for each one of a page."""

    values: Values
    most: int = 10


def named(kind: str, number: int) -> str:
    """Return a seeded identifier."""
    return f"{kind}_{number:026}"


def hashed(kind: str, number: int) -> bytes:
    """Return a seeded fingerprint."""
    return sha256(f"{kind}{number}".encode()).digest()


OWNER, SESSION, AGENT = named("user", 1), named("session", 1), named("agent", 1)
EVENTS: Final = [named("event", number) for number in range(1, 101)]


def new(kind: str, row: Values) -> Sample:
    """Return the sample of an insertion."""
    return Sample({"id": named(kind, NEW), **row})


def saved(the_id: str, row: Values) -> Sample:
    """Return the sample of a replacement."""
    return Sample({f"new_{name}": value for name, value in row.items()} | {"the_id": the_id, "the_version": 1})


def removed(the_id: str) -> Sample:
    """Return the sample of a removal."""
    return Sample({"the_id": the_id, "the_version": 1})


def pages(name: str, values: Values, cursor: str) -> dict[str, Sample]:
    """Return samples of the four kinds of pages."""
    kinds = {f"{name}.{way}{after}": cursor if after else None for way in ("down", "up") for after in ("", ".after")}
    return {kind: Sample({**values, "limit": 51, "cursor": at}, most=150) for kind, at in kinds.items()}


def outbox(area: str) -> dict[str, Sample]:
    """Return samples of what is done with an outbox."""
    return {
        f"{area}.add": Sample({"id": named("event", NEW), "kind": "session_changed", "payload": "{}"}),
        f"{area}.claim": Sample({"limit": 100}, most=300),
        f"{area}.done": Sample({"ids": EVENTS}, most=100),
        f"{area}.retry_later": Sample({"ids": EVENTS, "delay": 1.5}, most=100),
        f"{area}.bury": Sample({"ids": EVENTS, "reason": "PurgeRefused: no"}, most=100),
    }


def keys(area: str) -> dict[str, Sample]:
    """Return samples of what is done with idempotency keys."""
    row = {"owner_id": OWNER, "key": "new", "bucket": 37, "request": b"request", "answer": "{}"}
    return {
        f"{area}.find": Sample({"owner_id": named("user", 8), "key": "key-7"}),
        f"{area}.add": Sample(row),
        f"{area}.forget_owner": Sample({"owner_id": named("user", 8)}),
        f"{area}.remove_expired": Sample({"limit": 100}, most=300),
    }
