"""Give committed events their reactions."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from application.ports.outbox import Envelope, Outbox
from application.reactions.reaction import CommittedEvents, Reaction

_CLAIMED_AT_ONCE: Final = 100
_LONGEST_DELAY_SECONDS: Final = 60
_LOUD_FROM_ATTEMPT: Final = 8
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayOutbox:
    """Takes due events from the outboxes; one that fails comes again, ever later but at least once a minute, alone."""

    outbox: Outbox
    reactions: Sequence[Reaction]

    async def execute(self) -> int:
        """Return how many events were handled; Unavailable when the outboxes cannot be reached."""
        claimed = await self.outbox.claim(_CLAIMED_AT_ONCE)
        handled, failed = list[Envelope](), list[Envelope]()
        for envelope in claimed:
            (handled if await self._react(envelope) else failed).append(envelope)
        if handled:
            await self.outbox.done(handled)
        for delay, envelopes in groupby(sorted(failed, key=_delay), key=_delay):
            await self.outbox.retry_later(tuple(envelopes), delay)
        return len(handled)

    async def _react(self, envelope: Envelope) -> bool:
        try:
            for reaction in self.reactions:
                await reaction.execute(CommittedEvents((envelope.event,)))
        except Exception as failure:  # noqa: BLE001  (no event may stop those behind it)
            level = logging.ERROR if envelope.attempts >= _LOUD_FROM_ATTEMPT else logging.WARNING
            _log.log(
                level, "an event got no reaction and waits for another try",
                extra={"event": type(envelope.event).__name__, "attempts": envelope.attempts, "reason": type(failure).__name__},
            )
            return False
        return True


def _delay(envelope: Envelope) -> float:
    return float(min(2 ** min(envelope.attempts, 10), _LONGEST_DELAY_SECONDS))
