"""Lua scripts, which a server runs as one step."""

import hashlib
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError


class Script:
    """A script that is sent by its digest, and whole only to a server that does not know it yet."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Redis, key: str, *arguments: str | bytes | int) -> Any:
        """Return the script's answer for this key: one round trip, or two the first time."""
        try:
            return await client.evalsha(self.digest, 1, key, *arguments)
        except NoScriptError:
            return await client.eval(self.source, 1, key, *arguments)
