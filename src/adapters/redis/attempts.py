"""Counters of attempts on a Redis or Valkey server, shared by all nodes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import hiredis

from adapters.redis.pipe import Pipe
from adapters.redis.scripts import Script
from application.circuit_breaker import CircuitBreaker
from application.ports.attempts import Attempts
from application.ports.clock import Clock
from domain.shared.errors import Unavailable
from domain.users.attempts import FORGOTTEN_AFTER, Tally

_KEPT_MILLIS: Final = round(FORGOTTEN_AFTER.total_seconds() * 1_000)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# ARGV: now, in milliseconds, and for how many a counter is kept. `n` is the count, `t` the moment of the last attempt.
_ADD: Final = Script("""
local e = redis.call('HMGET', KEYS[1], 'n', 't')
local n = 1
if e[1] and ARGV[1] - e[2] < tonumber(ARGV[2]) then n = e[1] + 1 end
redis.call('HSET', KEYS[1], 'n', n, 't', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return n
""")


class RedisAttempts(Attempts):
    """One hash for each counter; while the server is away, `local` counts what this node sees."""

    def __init__(
        self, url: str, clock: Clock, local: Attempts, *, prefix: str = "onelast:attempts:", patience: float = 0.25
    ) -> None:
        self._pipe, self._clock, self._local, self._prefix = Pipe(url, patience=patience), clock, local, prefix
        self._breaker = CircuitBreaker()

    async def tallies(self, names: Sequence[str]) -> Sequence[Tally | None]:
        """Look, in one round trip."""
        try:
            answers = await self._asked(partial(self._pipe.ask, *[("HMGET", self._prefix + name, "n", "t") for name in names]))
        except Unavailable:
            return await self._local.tallies(names)
        return [self._tally(answer) for answer in answers]

    async def add(self, names: Sequence[str]) -> Sequence[int]:
        """Count, in one round trip."""
        try:
            keys = [[self._prefix + name] for name in names]
            return await self._asked(partial(_ADD.run, self._pipe, keys, self._now(), _KEPT_MILLIS))
        except Unavailable:
            return await self._local.add(names)

    async def forget(self, names: Sequence[str]) -> None:
        """Drop them, here too."""
        await self._local.forget(names)
        try:
            await self._asked(partial(self._pipe.ask, *[("UNLINK", self._prefix + name) for name in names]))
        except Unavailable:
            return

    async def close(self) -> None:
        """Close the connections."""
        await self._pipe.close()

    def _now(self) -> int:
        return (self._clock.now() - _EPOCH) // timedelta(milliseconds=1)

    def _tally(self, answer: Any) -> Tally | None:
        count, millis = answer
        if count is None or self._now() - int(millis) >= _KEPT_MILLIS:
            return None
        return Tally(int(count), _EPOCH + timedelta(milliseconds=int(millis)))

    async def _asked(self, question: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
        if not self._breaker.allows():
            raise Unavailable("The counters are away.")
        try:
            answers = await question()
        except Unavailable:
            self._breaker.failed()
            raise
        if any(isinstance(answer, hiredis.ReplyError) for answer in answers):
            self._breaker.failed()
            raise Unavailable("The counters were refused.")
        self._breaker.succeeded()
        return answers

