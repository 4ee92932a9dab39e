"""Limits counted for all nodes on Valkey, in one round trip for all of a request's; without it by each node for itself."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from adapters.redis.limit_scripts import ADMIT, COUNT, RENEW, UNKNOWN
from adapters.redis.pipe import Pipe
from adapters.redis.resp import Command, Word
from adapters.redis.scripts import Script, is_unknown
from application.circuit_breaker import CircuitBreaker
from application.limits.counting import Counted, admission_of, interval_of
from application.ports.limiter import COUNT_AGES_AFTER_SECONDS, SLOT_LEASE_SECONDS, Admission, Allowance, Limit, Limiter, Slot
from application.ports.readers import UsageReader
from domain.analytics.usage import Spent
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId

_MICROS: Final = 1_000_000
_LIMITS: Final = (
    None, Limit.REQUESTS_PER_MINUTE, Limit.REQUESTS_PER_DAY, Limit.MONTHLY_BUDGET, Limit.TOKENS_PER_DAY, Limit.CONCURRENT_STREAMS,
)
_TRIES: Final = 3
_DAY_ZERO: Final = date(1970, 1, 1).toordinal()
_NOT_ASKED: Final[tuple[Word, ...]] = (-1, -1, -1)
_LOADS: Final = tuple(("SCRIPT", "LOAD", script.source) for script in (COUNT, RENEW))
_AGE: Final = round(COUNT_AGES_AFTER_SECONDS * _MICROS)


class RedisLimiter(Limiter):
    """Falls back to `share` while Valkey gives no answer within `patience` seconds; looks every other second if it is back."""

    def __init__(
        self, url: str, usage: UsageReader, share: Limiter, *, prefix: str = "onelast:limits:", patience: float = 0.5,
        lease: float = SLOT_LEASE_SECONDS,
    ) -> None:
        self._pipe, self._usage, self._share, self._prefix = Pipe(url, patience=patience), usage, share, prefix
        self._lease = round(lease * _MICROS)
        self._breaker = CircuitBreaker()
        # Whose counts here may lack what was booked while nobody could be told.
        self._owing: set[UserId] = set()
        self._refreshing: set[UserId] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def admit(self, allowance: Allowance, slot: Slot | None = None) -> Admission:
        """Count on the server; where it is away, here."""
        owner, said = allowance.owner_id, _NOT_ASKED
        if slot is not None and owner in self._owing:
            said = await self._ledger(owner, datetime.now(UTC).date())
            self._owing.discard(owner)
        words = _words(allowance, slot)
        for _ in range(_TRIES):
            found = await self._asked(owner, (*words, self._lease, _AGE, *said))
            if found is None:
                break
            if found[0] != UNKNOWN:
                if found[5]:
                    self._refresh(owner)
                return admission_of(allowance.limits, Counted(*found[1:5]), _LIMITS[found[0]])
            said = await self._ledger(owner, date.fromordinal(_DAY_ZERO + found[1]))
        return await self._share.admit(allowance, slot)

    def settle(self, slot: Slot, spent: Spent) -> None:
        """Tell the server and go on."""
        self._share.settle(slot, spent)
        told = (_member(slot), slot.tokens, spent.tokens, spent.cost, *_NOT_ASKED)
        self._tell(COUNT, {slot.owner_id: told}, lost=self._owing.add)

    def release(self, slot: Slot) -> None:
        """Tell the server and go on."""
        self._share.release(slot)
        self._tell(COUNT, {slot.owner_id: (_member(slot), slot.tokens, 0, 0, *_NOT_ASKED)})

    def renew(self, slots: Collection[Slot]) -> None:
        """Tell the server and go on; the share knows them as well, for the moment when the server is away."""
        self._share.renew(slots)
        by_owner: dict[UserId, list[str]] = {}
        for slot in slots:
            by_owner.setdefault(slot.owner_id, []).append(_member(slot))
        self._tell(RENEW, {owner: (self._lease, *members) for owner, members in by_owner.items()})

    async def close(self) -> None:
        """Close the connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pipe.close()

    async def _asked(self, owner: UserId, words: Sequence[Word]) -> list[int] | None:
        """Return what the script says; None when the server is away."""
        if not self._breaker.allows():
            return None
        try:
            [answer] = await self._pipe.ask(self._command(ADMIT, owner, words))
            if is_unknown(answer):
                # Also those that nobody waits for: they must not come a round trip late.
                answer, *_ = await self._pipe.ask(self._command(ADMIT, owner, words, whole=True), *_LOADS)
        except Unavailable:
            answer = None
        if not isinstance(answer, list):
            self._breaker.failed()
            return None
        self._breaker.succeeded()
        return answer

    def _tell(
        self, script: Script, told: Mapping[UserId, Sequence[Word]], lost: Callable[[UserId], object] = lambda _: None
    ) -> None:
        """Send it, now if there is a connection."""
        commands = [self._command(script, owner, words) for owner, words in told.items()]
        try:
            sent: Awaitable[list[Any]] = self._pipe.submit(commands) if self._pipe.connected else self._pipe.ask(*commands)
        except Unavailable:
            sent = self._pipe.ask(*commands)
        self._spawn(self._heard(sent, script, told, lost))

    async def _heard(
        self, sent: Awaitable[list[Any]], script: Script, told: Mapping[UserId, Sequence[Word]], lost: Callable[[UserId], object]
    ) -> None:
        try:
            answers = await sent
            again = {owner: told[owner] for owner, answer in zip(told, answers, strict=True) if is_unknown(answer)}
            if again:
                await self._pipe.ask(*[self._command(script, owner, words, whole=True) for owner, words in again.items()])
        except Unavailable:
            for owner in told:
                lost(owner)

    async def _ledger(self, owner: UserId, day: date) -> tuple[Word, ...]:
        spent = await self._usage.spent(owner, day)
        return spent.tokens, spent.cost, day.toordinal() - _DAY_ZERO

    def _refresh(self, owner: UserId) -> None:
        """Compare with the ledger, while the request goes on."""
        if owner not in self._refreshing:
            self._refreshing.add(owner)
            self._spawn(self._compare(owner))

    async def _compare(self, owner: UserId) -> None:
        try:
            said = await self._ledger(owner, datetime.now(UTC).date())
        except Unavailable:
            return
        finally:
            self._refreshing.discard(owner)
        self._tell(COUNT, {owner: ("", 0, 0, 0, *said)})

    def _command(self, script: Script, owner: UserId, words: Sequence[Word], *, whole: bool = False) -> Command:
        key = f"{self._prefix}{{{owner}}}"
        name, text = ("EVAL", script.source) if whole else ("EVALSHA", script.digest)
        return (name, text, 2, key, key + ":slots", *words)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _words(allowance: Allowance, slot: Slot | None) -> tuple[Word, ...]:
    limits = allowance.limits
    interval = interval_of(limits.requests_per_minute)
    return (
        interval, limits.requests_per_minute * interval, limits.requests_per_day, limits.tokens_per_day,
        limits.concurrent_streams, allowance.monthly_budget, *(("", 0) if slot is None else (_member(slot), slot.tokens)),
    )


def _member(slot: Slot) -> str:
    return f"{slot.id}:{slot.tokens}"
