"""Work that no request waits for: committed events get their reactions."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from domain.shared.errors import Unavailable

_PAUSE_SECONDS: Final = 0.5
_PAUSE_AFTER_FAILURE_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


async def work(relay: Callable[[], Awaitable[int]]) -> None:
    """Relay events until this task is cancelled: at once while there are any, else twice a second."""
    while True:
        try:
            handled = await relay()
        except Unavailable as failure:
            _log.warning("events cannot be relayed now", extra={"reason": failure.code})
            await asyncio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
        else:
            await asyncio.sleep(0 if handled else _PAUSE_SECONDS)
