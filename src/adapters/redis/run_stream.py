"""The stream of one run: its key, which is its channel too, and the commands that write and read it."""

from typing import Final

from adapters.redis.resp import Command
from adapters.redis.run_codec import Entry, encode_bodies
from adapters.redis.scripts import Script
from application.ports.run_log import End
from domain.shared.identifiers import RunId

WRITTEN: Final = 1
_RUNNING_MILLIS: Final = 3_600_000
# KEYS: the stream, also the channel. ARGV: number of the first event, attempt, events, lifetime in milliseconds, and the entry
# that must be the newest: a server that took over may have lost some, and then a number that is free does not follow.
_APPEND: Final = Script("""
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if (newest and newest[1] .. ' ' .. newest[2][2] or '') ~= ARGV[5] then return 0 end
redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 'a', ARGV[2], 'e', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PUBLISH', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return 1
""")
LOAD: Final[Command] = ("SCRIPT", "LOAD", _APPEND.source)


class RunStreams:
    """Keys lie under `prefix`; an ended stream is kept for `lifetime` seconds."""

    def __init__(self, prefix: str, lifetime: float) -> None:
        self._prefix, self._ended_millis = prefix, round(lifetime * 1000)

    def key(self, run_id: RunId) -> str:
        """Return the stream's key."""
        return self._prefix + run_id

    def append(self, run_id: RunId, entry: Entry, tip: str) -> Command:
        """Write an entry behind the newest, if that has this tip (nothing: there is none); the answer is WRITTEN or 0."""
        millis = self._ended_millis if isinstance(entry.bodies[-1], End) else _RUNNING_MILLIS
        arguments = (entry.first, entry.attempt, encode_bodies(entry.bodies), millis, tip)
        return ("EVALSHA", _APPEND.digest, 1, self.key(run_id), *arguments)

    def newest(self, run_id: RunId) -> Command:
        """Read the last entry."""
        return ("XREVRANGE", self.key(run_id), "+", "-", "COUNT", 1)

    def whole(self, run_id: RunId) -> Command:
        """Read all entries."""
        return ("XRANGE", self.key(run_id), "-", "+")
