"""Give committed events their reactions."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.ports.clock import Clock
from application.ports.outbox import Envelope, Outbox
from application.reactions.fate import Dead, Done, Fate, Later, fate_after
from application.reactions.purge_edge import PurgeEdge
from application.reactions.reaction import CommittedEvents, Reaction
from application.reactions.send_mail import SendMail
from domain.shared.errors import Unavailable
from domain.shared.identifiers import EventId

_CLAIMED_AT_ONCE: Final = 100
_LOUD_FROM_ATTEMPT: Final = 8
# Claimed events are hidden from other workers for 30 seconds, in which the edge is to be told too.
_LETTERS_AT_ONCE: Final = 10
_LETTER_SECONDS: Final = 10.0
_SENDING_SECONDS: Final = 15.0
_log = logging.getLogger(__name__)

Failures = dict[EventId, Exception]


@dataclass(frozen=True, slots=True)
class RelayOutbox:
    """Takes due events from the outboxes; one that fails comes again, ever later, and is set aside when that cannot help.

    Reactions have all events at once, for most of them were reacted to before and a round trip each is too much; where that
    fails each event has them alone, so that none stops another.

    Mail is sent for each event by itself, and once it has had its other reactions: a letter cannot be taken back.

    The edge is told last, of all events at once, and of none whose other reactions failed: it would fetch what is still old.
    """

    outbox: Outbox
    reactions: Sequence[Reaction]
    edge: PurgeEdge
    mail: SendMail
    clock: Clock

    async def execute(self) -> int:
        """Return how many events were handled; Unavailable when the outboxes cannot be reached."""
        claimed = await self.outbox.claim(_CLAIMED_AT_ONCE)
        failures = await self._react(claimed)
        failures |= await self._send([one for one in claimed if one.id not in failures and self.mail.concerns(one.event)])
        failures |= await self._purge([one for one in claimed if one.id not in failures and self.edge.concerns(one.event)])
        await self._note(claimed, {one.id: self._fate(one, failures.get(one.id)) for one in claimed})
        return len(claimed) - len(failures)

    async def _react(self, envelopes: Sequence[Envelope]) -> Failures:
        try:
            for reaction in self.reactions:
                await reaction.execute(_committed(envelopes))
        except Exception as failure:  # noqa: BLE001  (no event may stop those behind it)
            if len(envelopes) == 1:
                return {envelopes[0].id: failure}
            failures: Failures = {}
            for envelope in envelopes:
                failures |= await self._react([envelope])
            return failures
        return {}

    async def _send(self, envelopes: Sequence[Envelope]) -> Failures:
        """Send a few at once, and none that is not begun in time: others may claim it by then."""
        failures: Failures = {}
        gate, deadline = asyncio.Semaphore(_LETTERS_AT_ONCE), time.monotonic() + _SENDING_SECONDS

        async def send(envelope: Envelope) -> None:
            async with gate:
                try:
                    async with asyncio.timeout(min(_LETTER_SECONDS, deadline - time.monotonic())):
                        await self.mail.execute(envelope.event)
                except TimeoutError:
                    failures[envelope.id] = Unavailable("The letter could not be sent in time.")
                except Exception as failure:  # noqa: BLE001
                    failures[envelope.id] = failure

        await asyncio.gather(*(send(envelope) for envelope in envelopes))
        return failures

    async def _purge(self, envelopes: Sequence[Envelope]) -> Failures:
        """Purge for all together; what the edge does not take is halved, until those are alone that are at fault."""
        try:
            await self.edge.execute(_committed(envelopes))
        except Exception as failure:  # noqa: BLE001
            if isinstance(failure, Unavailable) or len(envelopes) == 1:
                return {one.id: failure for one in envelopes}
            half = len(envelopes) // 2
            return await self._purge(envelopes[:half]) | await self._purge(envelopes[half:])
        return {}

    def _fate(self, envelope: Envelope, failure: Exception | None) -> Fate:
        if failure is not None:
            fate = fate_after(failure, envelope, self.clock.now())
            _tell(envelope, failure, dead=isinstance(fate, Dead))
            return fate
        settle = self.edge.settle if envelope.attempts == 1 and self.edge.concerns(envelope.event) else None
        return Done() if settle is None else Later(settle)

    async def _note(self, claimed: Sequence[Envelope], fates: dict[EventId, Fate]) -> None:
        for fate in dict.fromkeys(fates.values()):
            envelopes = [one for one in claimed if fates[one.id] == fate]
            match fate:
                case Done():
                    await self.outbox.done(envelopes)
                case Later(delay):
                    await self.outbox.retry_later(envelopes, delay)
                case Dead(reason):
                    await self.outbox.bury(envelopes, reason)


def _committed(envelopes: Sequence[Envelope]) -> CommittedEvents:
    # The first delivery is told from all others: an edge that knows it already may not take the second for the same one.
    deliveries = tuple(one.id if one.attempts == 1 else f"{one.id}:again" for one in envelopes)
    return CommittedEvents(tuple(one.event for one in envelopes), deliveries)


def _tell(envelope: Envelope, failure: Exception, *, dead: bool) -> None:
    level = logging.ERROR if dead or envelope.attempts >= _LOUD_FROM_ATTEMPT else logging.WARNING
    what = "an event was set aside: see `onelast db outbox`" if dead else "an event got no reaction and waits for another try"
    extra = {"event": type(envelope.event).__name__, "attempts": envelope.attempts, "reason": type(failure).__name__}
    _log.log(level, what, extra=extra)
