"""Opening connections whose every wait is bounded: by this process, by the kernel and by the server."""

import socket
from typing import Any, Final, Literal

import asyncpg

from adapters.postgres.primary import Primary

# What stands between us and the server: nothing, or PgBouncer, which gives each statement another of its connections.
Pooler = Literal["none", "pgbouncer"]
CONNECT_SECONDS: Final = 5.0
_CACHED_STATEMENTS: Final = 500
# Both ends notice within half a minute when the other has vanished without a word.
_KEEPALIVE: Final = {"IDLE": 15, "INTVL": 5, "CNT": 3}
_UNACKNOWLEDGED_MILLIS: Final = 15_000
SERVERS_KEEPALIVE: Final = {
    "tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
    "tcp_user_timeout": str(_UNACKNOWLEDGED_MILLIS),
}
# A plan is made once per connection and kept: over a table that was small then, reading all of it would be what is kept.
_PLANS: Final = {"jit": "off", "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
BOUNDS: Final = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


class WatchedConnection(asyncpg.Connection):
    """A connection whose peer the kernel watches."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        _watch(transport.get_extra_info("socket"))


def connector(dsn: str, *, statement_timeout: float, pooler: Pooler) -> Primary:
    """Return what opens connections.

    Behind a pooler nothing is prepared or set for a session, for the next statement may be another session's: there the bounds
    are the role's or the database's own (docs/how-to/use-pgbouncer.md).
    """
    settings = {"application_name": "onelast"}
    if pooler == "none":
        millis = str(round(statement_timeout * 1000))
        settings |= dict.fromkeys(BOUNDS, millis) | _PLANS | SERVERS_KEEPALIVE
    return Primary(
        dsn, timeout=min(CONNECT_SECONDS, statement_timeout + 1), server_settings=settings,
        connection_class=WatchedConnection, statement_cache_size=_CACHED_STATEMENTS if pooler == "none" else 0,
    )


def _watch(peer: socket.socket | None) -> None:
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, f"TCP_KEEP{name}"):
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_KEEP{name}"), value)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLIS)
