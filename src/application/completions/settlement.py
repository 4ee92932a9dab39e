"""What happens once a completion has ended: its usage is booked, and what is to be kept is stored, in one commit."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from application.completions.exchange import Exchange
from application.idempotency import Once, remember
from application.limits.stream_slots import StreamHold
from application.ports.clock import Clock
from application.ports.completions import CompletionRequest, OpenCompletion
from application.ports.run_leases import RunLeases
from application.ports.shards import Shards
from domain.analytics.usage import PriceList, Spent, UsageEntry
from domain.runs.prompt import estimate_tokens
from domain.runs.run import RunStatus, Usage
from domain.shared.errors import StaleWrite, Unavailable
from domain.shared.identifiers import AgentId, UserId

_TRIES: Final = 6
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What is remembered of a completion with a key: that it was made and booked. Its answer was never ours to keep."""

    id: str


@dataclass(slots=True)
class Passed:
    """A completion that is passed on to its caller, who asked for a model under the name `asked`.

    Read `opened`, close it, and settle, whatever comes between.
    """

    id: str
    asked: str
    created_at: datetime
    owner_id: UserId
    agent_id: AgentId | None
    request: CompletionRequest
    opened: OpenCompletion
    settlement: "Settlement"
    kept: Exchange | None = None
    once: Once | None = None
    hold: StreamHold | None = None
    _settled: bool = field(default=False, init=False)

    def usage(self) -> Usage:
        """Return the tokens so far, as the provider counted them, or estimates."""
        told = self.opened.usage
        if told is not None:
            return told.counted
        wrote = self.opened.written().text
        read = "".join(text for message in self.request.messages for text in texts_of(message))
        return Usage(estimate_tokens(read), estimate_tokens(wrote) if wrote else 0)

    async def settle(self, status: RunStatus) -> Usage:
        """Book it once, as completed, cancelled (the caller left) or failed; return what was booked."""
        usage = self.usage()
        if not self._settled:
            self._settled = True
            await self.settlement.store(self, status, usage)
        return usage


@dataclass(frozen=True, slots=True)
class Settlement:
    """Books completions; one that cannot be booked for a while is lost to the ledger, and told in the log."""

    shards: Shards
    leases: RunLeases
    clock: Clock
    prices: PriceList

    async def store(self, passed: Passed, status: RunStatus, usage: Usage) -> None:
        """Commit, trying for as long as a database may take to come back; what is stored already stays as it is."""
        if passed.kept is not None:
            reply = passed.opened.written().reply
            passed.kept.end(status, usage, reply, self.leases.node, now=self.clock.now())
        booked = await self._stored(passed, usage)
        if passed.hold is not None and booked:
            passed.hold.settle(Spent(usage.total, self.prices.cost(passed.request.model, usage)))

    async def _stored(self, passed: Passed, usage: Usage) -> bool:
        """Return whether anything is booked now."""
        alone = False
        for tries in range(_TRIES):
            try:
                return await self._commit(passed, usage, alone=alone)
            except StaleWrite:
                if alone:
                    return True  # by an earlier try of ours
                # Or the same request at the same moment has taken the key: the provider was asked twice, and both are booked.
                alone = True
            except Unavailable as failure:
                _log.warning("a completion is not booked yet", extra={"completion": passed.id, "reason": failure.code})
                await asyncio.sleep(0.05 * 2**tries)
        _log.error("a completion could not be booked", extra={"completion": passed.id, "tokens": usage.total})
        return False

    async def _commit(self, passed: Passed, usage: Usage, *, alone: bool) -> bool:
        """Store it, `alone` nothing but what it took; return whether anything is booked."""
        billable = passed.opened.usage is not None or usage.output_tokens > 0
        if not billable and (alone or passed.kept is None):
            return False
        async with self.shards.open(passed.owner_id) as unit:
            if passed.kept is not None and not alone:
                passed.kept.add_to(unit)
            if billable:
                unit.usage.book(self._entry(passed, usage))
                remember(unit.keys, None if alone else passed.once, passed.owner_id, Told(passed.id))
            await unit.commit()
        return billable

    def _entry(self, passed: Passed, usage: Usage) -> UsageEntry:
        kept, model = passed.kept, passed.request.model
        return UsageEntry(
            passed.id if kept is None else kept.run.id, passed.owner_id, None if kept is None else kept.session.id,
            passed.agent_id, model, usage, self.prices.cost(model, usage),
            estimated=passed.opened.usage is None, at=self.clock.now(),
        )


def texts_of(message: Mapping[str, object]) -> Iterator[str]:
    """Yield what there is to read for the model, as far as it is text."""
    content = message.get("content")
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (part["text"] for part in content if isinstance(part.get("text"), str))
