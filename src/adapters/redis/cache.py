"""The cache on a Redis or Valkey server, shared by all nodes."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import Any, Final

import hiredis

from adapters.redis.cache_copies import Copies, Copy
from adapters.redis.cache_scripts import FILL, INVALIDATE, READ
from adapters.redis.pipe import Pipe
from adapters.redis.scripts import Script
from adapters.redis.subscription import Subscription
from application.circuit_breaker import CircuitBreaker
from application.ports.cache import LEASE_SECONDS, REMEMBERED_SECONDS, Cache, Forget, Hit, Lease, Lifetime, Miss
from domain.shared.errors import Unavailable

_LEASE_MILLIS: Final = round(LEASE_SECONDS * 1_000)
_COPY_MILLIS: Final = round(REMEMBERED_SECONDS * 1_000)


class RedisCache(Cache):
    """Waits `patience` seconds for an answer; the breaker keeps callers from a server that is away. Keys lie under `prefix`.

    Lifetimes are kept exactly (in milliseconds): whoever fills spreads them. Once somebody listens, what is read may be kept
    for a second, and an invalidation returns when no node answers with it any more.
    """

    def __init__(
        self, url: str, *, prefix: str = "onelast:cache:", patience: float = 0.25, breaker: CircuitBreaker | None = None
    ) -> None:
        self._pipe = Pipe(url, patience=patience)
        self._subscription = Subscription(url)
        self._copies = Copies(self._subscription, self._publish, prefix=prefix)
        self._prefix = prefix
        self._breaker = breaker or CircuitBreaker()

    def peek(self, key: str) -> Hit | None:
        """Return nothing: the server is always asked."""

    async def read(self, key: str) -> Hit | Lease | Miss:
        """Return the value, or a lease that only one caller in ten seconds gets."""
        token, urge = token_hex(8), f"{-math.log(1 - random.random()):.6f}"  # noqa: S311
        try:
            [found] = await self._run(
                READ, [[self._prefix + key]], token, _LEASE_MILLIS, urge, self._copies.field(), _COPY_MILLIS
            )
        except Unavailable:
            return Miss.AWAY
        match found:
            case [b"hit", keep, refresh, value]:
                return Hit(value, refresh=token if refresh else None, keep=keep / 1_000)
            case [b"lease"]:
                return Lease(token)
            case _:
                return Miss.FILLING

    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        """Put the value where the lease still lies."""
        millis, stale = max(1, round(lifetime.seconds * 1_000)), round(lifetime.stale * 1_000)
        try:
            [keep] = await self._run(
                FILL, [[self._prefix + key]], lease, value, millis, stale, round(cost * 1_000), self._copies.field(), _COPY_MILLIS
            )
        except Unavailable:
            return None
        return None if keep < 0 else Hit(value, keep=keep / 1_000)

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Delete values and leases in one round trip, forget here, and wait until they are forgotten elsewhere."""
        if not keys:
            return
        try:
            await self._copies.recall(partial(self._delete, keys))
            await self._outlive_copies_from_before()
        except Unavailable:
            self._copies.forget(keys)
            raise

    def listen(self, forget: Forget) -> None:
        """Call it with what is invalidated on any node."""
        self._copies.listen(forget)

    async def ping(self) -> None:
        """Ask the server for a sign of life; while the breaker is open this may be its trial."""
        await self._ask(partial(self._pipe.ask, ("PING",)))

    async def close(self) -> None:
        """Close the connections."""
        await self._copies.close()
        await self._subscription.close()
        await self._pipe.close()

    async def _delete(self, keys: Sequence[str], tag: str) -> Mapping[Copy, float]:
        groups = self._pipe.together([self._prefix + key for key in keys])
        answers = await self._run(INVALIDATE, groups, self._copies.name, self._copies.channels, tag)
        self._copies.forget(keys)
        return {
            (node, key.encode()): left / 1_000
            for group, answer in zip(groups, answers, strict=True)
            for key, told in zip(group, answer, strict=True)
            for node, left in zip(told[::2], told[1::2], strict=True)
        }

    async def _outlive_copies_from_before(self) -> None:
        """After a broken connection the server may be another, which knows of no copies: wait until there can be none."""
        left = self._pipe.renewed_at + REMEMBERED_SECONDS - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    async def _run(self, script: Script, groups: Sequence[Sequence[str]], *arguments: str | bytes | int) -> list[Any]:
        return await self._ask(partial(script.run, self._pipe, groups, *arguments))

    async def _ask(self, question: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
        if not self._breaker.allows():
            raise Unavailable("The cache is away.")
        try:
            answers = await question()
        except Unavailable:
            self._breaker.failed()
            raise
        refused = next((answer for answer in answers if isinstance(answer, hiredis.ReplyError)), None)
        if refused is not None:
            self._breaker.failed()
            raise Unavailable("The cache refused.") from refused
        self._breaker.succeeded()
        return answers

    def _publish(self, channel: bytes, message: bytes) -> None:
        # Who waits for this does not wait for longer than the copy may have lived.
        with suppress(Unavailable):
            self._pipe.submit([("PUBLISH", channel, message)]).add_done_callback(_ignore)


def _ignore(answered: Any) -> None:
    if not answered.cancelled():
        answered.exception()
