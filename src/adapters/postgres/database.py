"""A pool of connections to one Postgres, with every time bounded, and its faults told in the domain's words."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import asyncpg

from adapters.postgres.connecting import Pooler, connector
from adapters.postgres.pool import ConnectionPool, PoolExhausted
from adapters.postgres.statement import Change, Statement, as_one
from application.circuit_breaker import CircuitBreaker
from domain.agents.agent import SlugTaken
from domain.shared.errors import DomainError, StaleWrite, Unavailable
from domain.users.credential import TokenRefused
from domain.users.user import EmailTaken, UserNotFound

# The server ends a statement by itself before we do; so often nothing at all may come before others are turned away at once.
_GRACE_SECONDS: Final = 1.0
_SILENCES: Final = 3
_REST_SECONDS: Final = 0.5
_STALE: Final = "OL001"  # raised by require_rows
_FENCED: Final = "OL002"  # raised by require_unfenced
_AWAY: Final = (
    asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError, asyncpg.LockNotAvailableError, asyncpg.ReadOnlySQLTransactionError, OSError,
)
_LOST: Final = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError, ConnectionError)

# Told of each statement: its name, its seconds with the wait for a connection, its rows, whether it succeeded.
QueryObserver = Callable[[str, float, int, bool], None]

_FACTS: Final[Mapping[str, Callable[[], DomainError]]] = {
    "users_email_key": lambda: EmailTaken("There is an account with this address already.", param="email"),
    "agents_slug_key": lambda: SlugTaken("There is an agent with this slug already.", param="slug"),
    "spent_refreshes_sign_in_fkey": lambda: TokenRefused("The sign-in has ended."),
    **dict.fromkeys(
        (
            "messages_pkey", "messages_client_message_key", "shares_session_key", "spent_refreshes_pkey",
            "sessions_client_chat_key", "usage_entries_pkey", "identities_pkey",
        ),
        lambda: StaleWrite("Somebody else was faster."),
    ),
    **dict.fromkeys(
        (
            "sign_ins_user_fkey", "api_keys_user_fkey", "agents_owner_fkey", "idempotency_keys_owner_fkey",
            "link_seeds_owner_fkey", "mailed_tokens_user_fkey", "identities_user_fkey",
        ),
        lambda: UserNotFound("The account is gone."),
    ),
}


class BucketFenced(Unavailable):
    """The bucket has left this shard, or is just leaving it; nothing was written."""


class Database:
    """Sized and named; nothing is connected before the first use, and a server that comes back is found again by itself.

    An operation takes `statement_timeout` and a second at most, with the wait for a connection and a second try. After three that
    got no answer at all the server counts as hung: callers are refused at once, but for one trial each half second.
    """

    def __init__(
        self, dsn: str, *, name: str, size: int = 10, patience: float = 1.0, statement_timeout: float = 5.0,
        pooler: Pooler = "none", observe: QueryObserver | None = None,
    ) -> None:
        self.name = name
        self._observe = observe or _unobserved
        self._patience = patience
        self._within = statement_timeout + _GRACE_SECONDS
        self._breaker = CircuitBreaker(failures=_SILENCES, rest=_REST_SECONDS)
        primary = connector(dsn, statement_timeout=statement_timeout, pooler=pooler)
        self.pool = ConnectionPool(primary.connect, size=size, doubt=primary.doubt)

    async def rows(self, statement: Statement, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        """Return all rows of a reading; it is tried again once when the connection breaks."""
        arguments, began = statement.arguments(values), time.monotonic()
        try:
            return await self._run(statement.name, statement.text, arguments, self._within)
        except Unavailable as failure:
            if not isinstance(failure.__cause__, _LOST):
                raise
        return await self._run(statement.name, statement.text, arguments, self._within - (time.monotonic() - began))

    async def row(self, statement: Statement, /, **values: Any) -> Mapping[str, Any] | None:
        """Return the first row of a reading, or None."""
        rows = await self.rows(statement, **values)
        return rows[0] if rows else None

    async def write(self, changes: Sequence[Change], schema: str) -> None:
        """Make all changes or none, in one statement; StaleWrite when an exact one found no row.

        Tried again where a standby refused it, and never where it may have been made.
        """
        if changes:
            await self._run(*as_one(changes, schema), self._within)

    async def take(self, statement: Statement, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        """Run a single writing statement and return its rows."""
        return await self._run(statement.name, statement.text, statement.arguments(values), self._within)

    async def ping(self) -> None:
        """Return if the server answers and takes writes; Unavailable if not."""
        rows = await self._run("databases.ping", "SELECT pg_is_in_recovery() AS standby", [], self._within)
        if rows[0]["standby"]:
            raise Unavailable(f"The database {self.name} is a standby and takes no writes.")

    async def close(self) -> None:
        """Close all connections, within two seconds whatever the server does."""
        await self.pool.close()

    async def _run(self, name: str, text: str, arguments: Sequence[Any], within: float) -> list[Any]:
        if not self._breaker.allows():
            raise Unavailable(f"The database {self.name} has not answered for a while.")
        began, rows = time.perf_counter(), None
        try:
            try:
                rows = await self.pool.fetch(text, arguments, patience=self._patience, within=within)
            except asyncpg.ReadOnlySQLTransactionError:  # nothing was written, and the next connection finds the primary
                rows = await self.pool.fetch(text, arguments, patience=self._patience, within=within)
            self._breaker.succeeded()
        except TimeoutError as error:
            self._breaker.failed()
            raise Unavailable(f"The database {self.name} gives no answer.") from error
        except (*_AWAY, PoolExhausted) as error:
            raise Unavailable(f"The database {self.name} gives no answer.") from error
        except asyncpg.PostgresError as error:
            self._breaker.succeeded()
            fact = _translated(error)
            if fact is None:
                raise
            raise fact from error
        finally:
            self._observe(name, time.perf_counter() - began, len(rows or ()), rows is not None)
        return rows


def _unobserved(name: str, seconds: float, rows: int, ok: bool) -> None:
    """Take no notice."""


def _translated(error: asyncpg.PostgresError) -> DomainError | None:
    """Return the fact behind the driver's error, by its state and by the constraint that it names."""
    if error.sqlstate == _STALE or isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
        return StaleWrite("Somebody else changed it at the same moment.")
    if error.sqlstate == _FENCED:
        return BucketFenced("What you asked for is being moved.")
    fact = _FACTS.get(getattr(error, "constraint_name", None) or "")
    return None if fact is None else fact()
