import asyncio
import logging

import pytest

from domain.shared.errors import Unavailable
from entrypoints.worker.forgetting import forget


class Batches:
    """Old keys, batch by batch; None is a database that is away. The loop is ended when all are told."""

    def __init__(self, *batches: int | None) -> None:
        self.left = list(batches)

    async def __call__(self) -> int:
        if not self.left:
            raise asyncio.CancelledError
        batch = self.left.pop(0)
        if batch is None:
            raise Unavailable("The databases are away.")
        return batch


async def test_full_batches_follow_each_other_at_once() -> None:
    batches = Batches(1000, 1000, 3)
    with pytest.raises(asyncio.CancelledError):
        await forget(batches, pause=3600)
    assert batches.left == []


async def test_after_an_outage_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    batches = Batches(None, None, 0, 5)
    with caplog.at_level(logging.WARNING), pytest.raises(asyncio.CancelledError):
        await forget(batches, pause=0)
    assert batches.left == []
    assert [record.reason for record in caplog.records] == ["overloaded", "overloaded"]  # type: ignore[attr-defined]
