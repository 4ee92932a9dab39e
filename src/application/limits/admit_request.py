"""Let a caller's request pass, or not: all limits at once, before anything is read of it."""

from dataclasses import dataclass
from typing import Final

from application.actor import Actor
from application.limits.allowances import Allowances
from application.limits.stream_slots import StreamHold, StreamSlots
from application.ports.limiter import Admission, Limit, Limiter
from domain.shared.errors import LimitExceeded


class QuotaExhausted(LimitExceeded):
    """The month's budget is spent: trying again does not help."""

    code = "insufficient_quota"
    repeatable = False


_SENTENCES: Final = {
    Limit.REQUESTS_PER_MINUTE: "You have sent too many requests; your plan allows {0.requests_per_minute} a minute.",
    Limit.REQUESTS_PER_DAY: "You have used up the {0.requests_per_day} requests of today (UTC).",
    Limit.TOKENS_PER_DAY: "You have used up the {0.tokens_per_day} tokens of today (UTC).",
    Limit.CONCURRENT_STREAMS: "Your plan allows {0.concurrent_streams} replies at once; wait until one has ended.",
    Limit.MONTHLY_BUDGET: "Your budget of this month is spent.",
}


@dataclass(frozen=True, slots=True)
class AdmitRequestCommand:
    """Whose request it is; `reply_tokens` are those to set aside for the reply that it begins, None if it begins none."""

    actor: Actor
    reply_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """How the caller stands, what holds the stream that was taken, and why the request may not pass if it may not."""

    admission: Admission
    hold: StreamHold | None = None
    refusal: LimitExceeded | None = None


@dataclass(frozen=True, slots=True)
class AdmitRequest:
    """Takes from the caller's limits what the request needs."""

    limiter: Limiter
    allowances: Allowances
    slots: StreamSlots

    async def execute(self, command: AdmitRequestCommand) -> Admitted:
        """Return whether it may pass; Unavailable when a reply is begun whose owner's ledger cannot be read."""
        allowance = self.allowances.of(command.actor)
        slot = None if command.reply_tokens is None else self.slots.new(command.actor.user_id, command.reply_tokens)
        admission = await self.limiter.admit(allowance, slot)
        refused = admission.refused
        if refused is None:
            return Admitted(admission, None if slot is None else self.slots.hold(slot))
        kind = QuotaExhausted if refused is Limit.MONTHLY_BUDGET else LimitExceeded
        told = _SENTENCES[refused].format(allowance.limits)
        return Admitted(admission, None, kind(told, retry_after=admission.retry_after))
