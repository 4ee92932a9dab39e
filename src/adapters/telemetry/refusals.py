"""How many requests were refused, by the limit that they would have passed."""

from collections.abc import Collection

from prometheus_client import Counter

from application.ports.limiter import Admission, Allowance, Limit, Limiter, Slot
from domain.analytics.usage import Spent


class Refusals:
    """The counter; every limit is there from the start, at nought."""

    def __init__(self) -> None:
        self.counter = Counter("onelast_refused_requests", "Requests over a limit.", ("limit",), registry=None)
        self._children = {limit: self.counter.labels(limit.value) for limit in Limit}

    def note(self, limit: Limit) -> None:
        """Count one."""
        self._children[limit].inc()


class CountedLimiter(Limiter):
    """Notes what a limiter refuses."""

    def __init__(self, limiter: Limiter, refusals: Refusals) -> None:
        self._limiter, self._refusals = limiter, refusals

    async def admit(self, allowance: Allowance, slot: Slot | None = None) -> Admission:
        """Ask, and count."""
        admission = await self._limiter.admit(allowance, slot)
        if admission.refused is not None:
            self._refusals.note(admission.refused)
        return admission

    def settle(self, slot: Slot, spent: Spent) -> None:
        """Pass it on."""
        self._limiter.settle(slot, spent)

    def release(self, slot: Slot) -> None:
        """Pass it on."""
        self._limiter.release(slot)

    def renew(self, slots: Collection[Slot]) -> None:
        """Pass it on."""
        self._limiter.renew(slots)
