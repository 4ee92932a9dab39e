"""Going on with an erasure, from wherever it stands to the proof that nothing is left."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.erasure.steps import ErasureStep
from application.ports.erasures import Erasures
from application.ports.remains import Remains
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId
from domain.users.erasure import Erasure

# A request that had passed the door when the account ended, and a node that did not hear of it, are done by then.
SETTLING_SECONDS: Final = 60.0
# Whoever works on an erasure has it for so long; what takes longer is gone on with.
WORKING_SECONDS: Final = 60.0
LEASE_SECONDS: Final = 90.0
_LONGEST_DELAY_SECONDS: Final = 600.0
_CHECK: Final = "check"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erasing:
    """Takes the steps in their order. A minute later it takes them all once more, for what was written at the last moment.

    Then it looks through all databases; what is still there should not be, is removed, and is looked for again.
    """

    erasures: Erasures
    remains: Remains
    steps: Sequence[ErasureStep]

    @property
    def first(self) -> str:
        """Return the name of the first step."""
        return self.steps[0].name

    async def go_on(self, erasure: Erasure) -> None:
        """Do what is to be done now; raises what stops it, and `delay_after` tells when to try again."""
        if erasure.step == _CHECK:
            await self._check(erasure.user_id)
            return
        names = [step.name for step in self.steps]
        begin = names.index(erasure.step) if erasure.step in names else 0  # another release may have had other steps
        for step, following in zip(self.steps[begin:], [*names[begin + 1 :], _CHECK], strict=True):
            await step.execute(erasure.user_id)
            await self.erasures.advance(
                erasure.user_id, following, SETTLING_SECONDS if following == _CHECK else LEASE_SECONDS
            )

    async def _check(self, user_id: UserId) -> None:
        for step in self.steps:
            await step.execute(user_id)
        left = await self.remains.find(user_id)
        if left:
            _log.error("an erased account had left something behind", extra={"user_id": user_id, "left": dict(left)})
            await self.remains.remove(user_id)
            if await self.remains.find(user_id):
                raise Unavailable("Something of an erased account does not go away.")
        await self.erasures.finish(user_id)


def delay_after(attempts: int) -> float:
    """Return in how many seconds an erasure is tried again whose step was attempted so often."""
    return min(2.0 ** min(max(attempts, 1), 10), _LONGEST_DELAY_SECONDS)
