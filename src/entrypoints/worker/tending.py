"""A serving node's care for runs: its own, and those of nodes that are gone."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final

from application.limits.stream_slots import StreamSlots
from application.ports.limiter import SLOT_LEASE_SECONDS
from application.ports.run_leases import RunLeases
from application.runs.tend_runs import TendRuns
from domain.shared.errors import DomainError, Unavailable

# A lease lasts several of these.
_PAUSE_SECONDS: Final = 0.5
_STRAYS_EVERY_SECONDS: Final = 10.0
_RELEASE_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


async def tend(tend_runs: TendRuns) -> None:
    """Renew and claim until this task is cancelled."""
    strays_due = time.monotonic() + _STRAYS_EVERY_SECONDS
    while True:
        now = time.monotonic()
        try:
            await tend_runs.execute(strays_too=now >= strays_due)
        except DomainError as failure:
            _log.warning("runs cannot be tended now", extra={"reason": failure.code})
        else:
            strays_due = now + _STRAYS_EVERY_SECONDS if now >= strays_due else strays_due
        await asyncio.sleep(_PAUSE_SECONDS)


async def keep(slots: StreamSlots) -> None:
    """Renew this node's streams until this task is cancelled."""
    while True:
        slots.renew()
        await asyncio.sleep(SLOT_LEASE_SECONDS / 3)


async def hand_over(leases: RunLeases) -> None:
    """Let other nodes claim this one's runs now, if the database can still be told."""
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(_RELEASE_SECONDS):
            await leases.release()
