"""The checker of `make coherence` finds what is too old, and nothing else."""

import pytest

from tests.coherence.record import LONGEST_LIFETIME, Record, Seen, Write, violations

FIRST = Write("k", 1, "node 1", 10.0, 10.1)
SECOND = Write("k", 2, "node 1", 20.0, 20.1)


@pytest.mark.parametrize(
    ("version", "began", "writer", "failed", "wrong"),
    [
        (1, 20.2, True, (), True),
        (1, 20.05, True, (), False),
        (2, 20.2, True, (), False),
        (1, 21.0, False, (), False),
        (1, 22.0, False, (), True),
        (1, 22.0, True, (20.05,), False),
        (1, 22.0, True, (15.0,), True),
        (1, 21.0 + LONGEST_LIFETIME, False, (20.05,), True),
    ],
)
def test_what_was_read_is_held_against_what_was_acknowledged(
    version: int, began: float, writer: bool, failed: tuple[float, ...], wrong: bool
) -> None:
    record = Record([FIRST, SECOND], [Seen("k", version, "node 2", began, began, "id", writer)])
    record.failed["node 1"] = list(failed)
    assert bool(violations(record)) == wrong
