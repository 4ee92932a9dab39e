"""Work that no request waits for: a fence whose mover has died is taken down, so that writers go on."""

import asyncio
import logging
from typing import Final

from application.ports.stranded_fences import StrandedFences
from domain.shared.errors import Unavailable

_PAUSE_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


async def heal(fences: StrandedFences, *, pause: float = _PAUSE_SECONDS) -> None:
    """Look once a second until this task is cancelled."""
    while True:
        try:
            if lowered := await fences.lower():
                _log.warning("a move was left behind its fence; the fence is down", extra={"buckets": lowered})
        except Unavailable as failure:
            _log.warning("fences cannot be looked after now", extra={"reason": failure.code})
        await asyncio.sleep(pause)
