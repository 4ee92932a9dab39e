"""Connections to a Redis or Valkey server."""

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig


def open_client(url: str, *, patience: float, connections: int) -> Redis:
    """Return a client that never repeats a command by itself; nothing is connected before the first one.

    `url` is redis://, rediss:// or valkey://; connecting takes at most `patience` seconds. Commands have no limit of their own:
    the caller bounds each with `asyncio.timeout`, one timer over waiting, connecting and answer; over `connections` at once fail.
    """
    pool = ConnectionPool.from_url(
        url.replace("valkey://", "redis://", 1), max_connections=connections,
        socket_connect_timeout=patience, socket_timeout=None, retry=Retry(NoBackoff(), 0),
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return Redis.from_pool(pool)
