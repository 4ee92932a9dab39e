"""Work that no request waits for: erasures that were left on the way are gone on with."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from domain.shared.errors import Unavailable

_PAUSE_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


async def erase(resume: Callable[[], Awaitable[bool]], *, pause: float = _PAUSE_SECONDS) -> None:
    """Go on until this task is cancelled: at once while any is due, else every two seconds."""
    while True:
        found = False
        try:
            found = await resume()
        except Unavailable as failure:
            _log.warning("erasures cannot be looked after now", extra={"reason": failure.code})
        await asyncio.sleep(0 if found else pause)
