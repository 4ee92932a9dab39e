"""A model of the server under RedisCache: what the scripts of adapters/redis/cache_scripts.py do, and lines that break.

The real RedisCache, with its copies and recalls, runs over it; only the server, the sockets and the time are made up.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.redis.cache import RedisCache
from adapters.redis.cache_copies import Copies
from adapters.redis.cache_scripts import COPY_MARGIN, FILL, INVALIDATE, READ
from application.circuit_breaker import CircuitBreaker
from application.ports.cache import LEASE_SECONDS
from domain.shared.errors import Unavailable

_PREFIX = "p:"
_PATIENCE_SECONDS = 0.25
Hear = Callable[[bytes], None]


@dataclass
class Hash:
    """A key's fields; moments and `ends` are in milliseconds by the server's clock."""

    ends: int
    value: bytes | None = None
    stale: int = 0
    cost: int = 0
    lease: str | None = None
    leased_until: int = 0
    copies: dict[str, int] = field(default_factory=dict)
    used: int = 0


class ModelStore:
    """One thread, a script at a time. `told` is called with each key that is invalidated, when it happens."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._hashes: dict[str, Hash] = {}
        self.lines: dict[bytes, Line] = {}
        self.told: Callable[[str], None] = lambda _: None
        self.restarts = 0

    @property
    def now(self) -> int:
        """The server's time in milliseconds."""
        return int(self._monotonic() * 1_000)

    def run(self, command: Sequence[Any]) -> Any:
        """Run a command and return its answer."""
        match command:
            case ("PING",):
                return b"PONG"
            case ("PUBLISH", channel, message):
                return self.publish(channel, message)
            case ("EVALSHA", digest, number, *words) if digest == INVALIDATE.digest:
                return [self.invalidate(key, *words[number:]) for key in words[:number]]
            case ("EVALSHA", digest, _, key, *arguments):
                return {READ.digest: self.read, FILL.digest: self.fill}[digest](key, *arguments)
        raise AssertionError(command)

    def read(self, key: str, token: str, lease: int, urge: str, node: str, copy: int) -> list[Any]:
        """READ."""
        found = self._live(key)
        if found is None or found.value is None:
            if found is not None and found.leased_until > self.now:
                return [b"filling"]
            fresh = self._hashes[key] = Hash(self.now + lease, None, 0, 0, token, self.now + lease, found.copies if found else {})
            self._copied(fresh, node, copy)
            return [b"lease"]
        refresh = found.leased_until <= self.now and self.now + float(urge) * found.cost >= found.stale
        if refresh:
            found.lease, found.leased_until = token, self.now + lease
        return [b"hit", self._copied(found, node, min(copy, found.ends - self.now)), int(refresh), found.value]

    def fill(self, key: str, lease: str, value: bytes, life: int, stale: int, cost: int, node: str, copy: int) -> int:
        """FILL."""
        found = self._live(key)
        if found is None or not self.stands(found, lease):
            return -1
        left = max(1, self.begins(found) + life - self.now)
        found.lease, found.leased_until = None, 0
        if max((until for name, until in found.copies.items() if name != node), default=0) > self.now + left:
            return -1
        found.copies = {name: until for name, until in found.copies.items() if until > self.now}
        found.value, found.stale, found.cost, found.ends = value, self.now + left - stale, cost, self.now + left
        return self._copied(found, node, min(copy, left))

    def stands(self, found: Hash, lease: str) -> bool:
        """Tell whether a lease stands."""
        return found.lease == lease and found.leased_until > self.now

    def begins(self, found: Hash) -> int:
        """Return since when a life counts."""
        return found.leased_until - round(LEASE_SECONDS * 1_000)

    def invalidate(self, key: str, node: str, channels: str, tag: str) -> list[Any]:
        """INVALIDATE."""
        found, told = self._live(key), list[Any]()
        for name, until in (found.copies if found else {}).items():
            if name != node and until > self.now:
                self.publish((channels + name).encode(), (tag + key).encode())
                told += [name.encode(), until - self.now]
        self._hashes.pop(key, None)
        self.told(key.removeprefix(_PREFIX))
        if found is not None:
            self.remember(key, found.copies)
        return told

    def remember(self, key: str, copies: dict[str, int]) -> None:
        """Keep what is known of copies, until they have ended."""
        if (longest := max(copies.values(), default=0)) > self.now:
            self._hashes[key] = Hash(longest, copies=copies, used=self.now)

    def publish(self, channel: bytes, message: bytes) -> int:
        """Tell who listens."""
        line = self.lines.get(channel)
        if line is None or not line.hears(channel):
            return 0
        line.deliver(message)
        return 1

    def evict(self, key: str) -> bool:
        """Forget a key that nobody used for a second: the least recently used go first."""
        found = self._live(_PREFIX + key)
        old = found is not None and found.used + 1_000 <= self.now
        if old:
            del self._hashes[_PREFIX + key]
        return old

    def restart(self) -> None:
        """Come back empty."""
        self._hashes.clear()
        self.restarts += 1
        for line in set(self.lines.values()):
            line.break_off()

    def _live(self, key: str) -> Hash | None:
        found = self._hashes.get(key)
        if found is None or found.ends <= self.now:
            self._hashes.pop(key, None)
            return None
        found.used = self.now
        return found

    def _copied(self, found: Hash, node: str, length: int) -> int:
        if not node:
            return 0
        found.copies[node] = self.now + length
        found.used = self.now
        return max(0, length - COPY_MARGIN)


class Line:
    """A node's two connections: what RedisCache takes for its Pipe and its Subscription.

    `cut`: nothing gets through. `holding`: what is asked reaches the server, but its answers wait. `mail` are messages that were
    published and have not arrived while `slow`.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self.cut, self.slow = False, False
        self.mail: list[bytes] = []
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.renewed_at, self._server = -math.inf, store.restarts
        self._hear: dict[bytes, Hear] = {}
        self._hearing = False

    def together(self, keys: Sequence[str]) -> list[Sequence[str]]:
        """Return them all: there is one server."""
        return [keys]

    async def ask(self, *commands: Sequence[Any]) -> list[Any]:
        """Run the commands and return the answers, unless the line breaks before or after."""
        self._connect()
        answers = [self._store.run(command) for command in commands]
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await asyncio.sleep(0)
                await self.flowing.wait()
        except TimeoutError as late:
            raise Unavailable("It takes too long.") from late
        if self.cut or self._server != self._store.restarts:
            raise Unavailable("The answer was lost.")
        return answers

    def submit(self, commands: Sequence[Sequence[Any]]) -> "asyncio.Future[list[Any]]":
        """Run the commands."""
        self._connect()
        answered: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        answered.set_result([self._store.run(command) for command in commands])
        return answered

    async def add(self, channel: bytes, hear: Hear) -> None:
        """Subscribe."""
        self._connect()
        self._hear[channel], self._hearing = hear, True
        self._store.lines[channel] = self

    def hears(self, channel: bytes) -> bool:
        """Tell whether it is subscribed."""
        return self._hearing and channel in self._hear

    def deliver(self, message: bytes) -> None:
        """Have a message arrive, at once or when somebody has it arrive."""
        self.mail.append(message)
        if not self.slow:
            asyncio.get_running_loop().call_soon(self.arrive, 0)

    def arrive(self, place: int) -> None:
        """Have a message that waits arrive."""
        if place < len(self.mail):
            message = self.mail.pop(place)
            for hear in self._hear.values():
                hear(message)

    def break_off(self) -> None:
        """Hear nothing until somebody subscribes anew."""
        self._hearing = False
        self.mail.clear()

    async def close(self) -> None:
        """Nothing is to be closed."""

    def _connect(self) -> None:
        if self.cut:
            raise Unavailable("The line is cut.")
        if self._server != self._store.restarts:
            self._server = self._store.restarts
            self.renewed_at = asyncio.get_running_loop().time()


def open_cache(line: Line, monotonic: Callable[[], float], copies: type[Copies] = Copies) -> RedisCache:
    """Return the real cache over a line to the model."""
    cache = RedisCache("valkey://nowhere.invalid", prefix=_PREFIX, breaker=CircuitBreaker(monotonic=monotonic))
    cache._pipe, cache._subscription = line, line  # type: ignore[assignment]
    cache._copies = copies(line, cache._publish, prefix=_PREFIX)  # type: ignore[arg-type]
    return cache
