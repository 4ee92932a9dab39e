"""Requests within limits and patience."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.edge.paced_requests import PacedRequests
from adapters.edge.token_bucket import TokenBucket
from application.ports.edge import EdgeBusy, PurgeRefused
from domain.shared.errors import Unavailable
from tests.unit.caching.stored import HandClock


class Sent:
    """Keeps what was sent; hangs at the batch `hangs_at`, and is busy once before `busy_at`."""

    def __init__(self, *, hangs_at: str = "", busy_at: str = "") -> None:
        self.batches: list[Sequence[str]] = []
        self._hangs_at, self._busy_at = hangs_at, busy_at

    async def __call__(self, batch: Sequence[str]) -> None:
        if self._hangs_at in batch:
            await asyncio.Event().wait()
        if self._busy_at in batch:
            self._busy_at = ""
            raise EdgeBusy("busy", 50)
        self.batches.append(batch)


def paced(clock: HandClock, patience: float = 20) -> PacedRequests:
    """Return what sends three requests at once and one more every two seconds."""
    return PacedRequests("The edge", TokenBucket(3, 0.5, clock), patience)


async def test_a_purge_pays_for_all_of_its_requests_before_the_first_leaves() -> None:
    clock, sent = HandClock(), Sent()
    requests = paced(clock)
    await requests.send([["a"], ["b"]], 2, sent)
    with pytest.raises(EdgeBusy) as busy:
        await requests.send([["c"], ["d"]], 2, sent)
    assert busy.value.after == 2
    assert sent.batches == [["a"], ["b"]]
    clock.now += busy.value.after
    await requests.send([["c"], ["d"]], 2, sent)
    assert sent.batches == [["a"], ["b"], ["c"], ["d"]]


async def test_what_never_fits_is_refused() -> None:
    sent = Sent()
    with pytest.raises(PurgeRefused):
        await paced(HandClock()).send([["a"]] * 4, 4, sent)
    assert sent.batches == []


async def test_all_requests_together_have_one_patience() -> None:
    sent = Sent(hangs_at="b")
    with pytest.raises(Unavailable, match=r"The edge did not answer within 0\.05 s"):
        await paced(HandClock(), patience=0.05).send([["a"], ["b"], ["c"]], 3, sent)
    assert sent.batches == [["a"]]


async def test_an_edge_that_was_busy_is_asked_again_when_it_said() -> None:
    clock, sent = HandClock(), Sent(busy_at="a")
    requests = paced(clock)
    with pytest.raises(EdgeBusy):
        await requests.send([["a"]], 1, sent)
    with pytest.raises(EdgeBusy) as busy:
        await requests.send([["a"]], 1, sent)
    assert busy.value.after == 50
    clock.now += 50
    await requests.send([["a"]], 1, sent)
    assert sent.batches == [["a"]]


async def test_nothing_to_purge_is_no_request_and_never_too_many() -> None:
    clock, sent = HandClock(), Sent(busy_at="a")
    requests = paced(clock)
    with pytest.raises(EdgeBusy):
        await requests.send([["a"]], 1, sent)
    await requests.send([], 0, sent)
    assert sent.batches == []
