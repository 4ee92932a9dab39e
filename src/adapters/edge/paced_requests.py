"""Sending a purge's requests within a vendor's limits and within our patience."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from adapters.edge.answers import busy
from adapters.edge.token_bucket import TokenBucket
from application.ports.edge import EdgeBusy, PurgeRefused
from domain.shared.errors import Unavailable

PATIENCE_SECONDS: Final = 10.0
Batch = Sequence[str]


class PacedRequests:
    """One request after the other; a purge pays for all of its requests before the first of them leaves."""

    def __init__(self, edge: str, bucket: TokenBucket, patience: float = PATIENCE_SECONDS) -> None:
        self._edge, self._bucket, self._patience = edge, bucket, patience

    async def send(self, purge: Sequence[Batch], cost: int, request: Callable[[Batch], Awaitable[None]]) -> None:
        """Send the batches; EdgeBusy while there are fewer tokens than `cost`, PurgeRefused if there are never so many.

        The patience is for all of them together. A vendor that was busy is left alone for as long as it asked.
        """
        if not purge:
            return
        self._admit(cost)
        try:
            async with asyncio.timeout(self._patience):
                for batch in purge:
                    await request(batch)
        except TimeoutError as error:
            raise Unavailable(f"{self._edge} did not answer within {self._patience:g} s.") from error
        except EdgeBusy as asked:
            self._bucket.shut(asked.after)
            raise

    def _admit(self, cost: int) -> None:
        if cost > self._bucket.size:
            raise PurgeRefused(f"The purge has more keys than {self._edge} lets us purge together.")
        if wait := self._bucket.take(cost):
            raise busy(self._edge, wait)
