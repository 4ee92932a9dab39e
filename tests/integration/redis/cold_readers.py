"""A process that reads one key many times at once, together with others: `cold_readers.py URL PREFIX READINGS`."""

import asyncio
import sys

from adapters.caching.cached_reads import CachedReads
from adapters.caching.process_layer import ProcessLayer
from adapters.caching.shapes import Shape
from adapters.redis.cache import RedisCache
from adapters.redis.pipe import Pipe

PROCESSES = 3
WORD = Shape[str](str, lifetime=30.0)


async def main(url: str, prefix: str, readings: int) -> None:
    """Wait for the others, read, and print how many readings found what."""
    server = Pipe(url, patience=10.0)
    cache = RedisCache(url, prefix=prefix, patience=10.0)
    reads = CachedReads(ProcessLayer(cache), patience=10.0)
    await cache.ping()

    async def load() -> str:
        await server.ask(("INCR", prefix + "database"))
        await asyncio.sleep(0.1)
        return "found"

    await server.ask(("INCR", prefix + "ready"))
    while int((await server.ask(("GET", prefix + "ready")))[0]) < PROCESSES:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    found = await asyncio.gather(*[reads.read("1:k", WORD, load) for _ in range(readings)])
    print(len(found), *set(found))
    await reads.close()
    await cache.close()
    await server.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
