"""Work that no request waits for: idempotency keys that have had their day are forgotten."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from domain.shared.errors import Unavailable

_PAUSE_SECONDS: Final = 60.0
_log = logging.getLogger(__name__)


async def forget(forget_keys: Callable[[], Awaitable[int]], *, pause: float = _PAUSE_SECONDS) -> None:
    """Forget old keys until this task is cancelled: at once while there are any, else once a minute."""
    while True:
        removed = 0
        try:
            removed = await forget_keys()
        except Unavailable as failure:
            _log.warning("old keys cannot be forgotten now", extra={"reason": failure.code})
        await asyncio.sleep(0 if removed else pause)
