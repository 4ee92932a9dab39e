"""Go on with erasures that a crash or an outage has left."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from application.erasure.erasing import LEASE_SECONDS, WORKING_SECONDS, Erasing, delay_after
from domain.shared.errors import Unavailable
from domain.users.erasure import Erasure

_LOUD_FROM_ATTEMPT: Final = 8
_EXPECTED: Final = (Unavailable, TimeoutError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResumeErasures:
    """Takes on the erasure that is due longest. One that fails comes again, ever later: a shard that is away delays it."""

    erasing: Erasing

    async def execute(self) -> bool:
        """Tell whether there was one; Unavailable when the catalog cannot be reached."""
        erasure = await self.erasing.erasures.claim(LEASE_SECONDS)
        if erasure is None:
            return False
        try:
            async with asyncio.timeout(WORKING_SECONDS):
                await self.erasing.go_on(erasure)
        except Exception as failure:  # noqa: BLE001  (no erasure may stop those behind it)
            _tell(erasure, failure)
            await self.erasing.erasures.put_off(erasure.user_id, delay_after(erasure.attempts))
        return True


def _tell(erasure: Erasure, failure: Exception) -> None:
    expected = isinstance(failure, _EXPECTED) and erasure.attempts < _LOUD_FROM_ATTEMPT
    said = {"user_id": erasure.user_id, "step": erasure.step, "attempts": erasure.attempts, "reason": type(failure).__name__}
    _log.log(
        logging.WARNING if expected else logging.ERROR, "an erasure has to wait",
        extra=said, exc_info=None if isinstance(failure, _EXPECTED) else failure,
    )
