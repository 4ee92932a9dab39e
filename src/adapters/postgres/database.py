"""A pool of connections to one Postgres, with every time bounded, and its faults told in the domain's words."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import asyncpg

from adapters.postgres.pool import ConnectionPool, PoolExhausted
from adapters.postgres.statement import Change, Statement, as_one
from domain.agents.agent import SlugTaken
from domain.shared.errors import DomainError, StaleWrite, Unavailable
from domain.users.credential import TokenRefused
from domain.users.user import EmailTaken, UserNotFound

_CONNECT_SECONDS: Final = 5.0
_STALE: Final = "OL001"  # raised by require_rows
_AWAY: Final = (
    asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError, asyncpg.LockNotAvailableError, asyncpg.ReadOnlySQLTransactionError, OSError,
)
_LOST: Final = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError, ConnectionError)

_FACTS: Final[Mapping[str, Callable[[], DomainError]]] = {
    "users_email_key": lambda: EmailTaken("There is an account with this address already.", param="email"),
    "agents_slug_key": lambda: SlugTaken("There is an agent with this slug already.", param="slug"),
    "spent_refreshes_sign_in_fkey": lambda: TokenRefused("The sign-in has ended."),
    **dict.fromkeys(
        ("messages_pkey", "messages_client_message_key", "spent_refreshes_pkey"), lambda: StaleWrite("Somebody else was faster.")
    ),
    **dict.fromkeys(
        ("sign_ins_user_fkey", "api_keys_user_fkey", "agents_owner_fkey", "idempotency_keys_owner_fkey"),
        lambda: UserNotFound("The account is gone."),
    ),
}


class Database:
    """Sized and named; nothing is connected before the first use, and a server that comes back is found again by itself."""

    def __init__(self, dsn: str, *, name: str, size: int = 10, patience: float = 1.0, statement_timeout: float = 10.0) -> None:
        self.name = name
        self._patience = patience
        millis = str(round(statement_timeout * 1000))
        settings = {
            "application_name": "onelast", "statement_timeout": millis, "lock_timeout": millis,
            "idle_in_transaction_session_timeout": millis, "jit": "off",
        }
        connect = partial(
            asyncpg.connect, dsn, timeout=_CONNECT_SECONDS, command_timeout=statement_timeout + 1, statement_cache_size=500,
            server_settings=settings,
        )
        self.pool = ConnectionPool(connect, size=size)

    async def rows(self, statement: Statement, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        """Return all rows of a reading; it is tried again once when the connection breaks."""
        arguments = statement.arguments(values)
        try:
            return await self._run(statement.text, arguments)
        except Unavailable as failure:
            if not isinstance(failure.__cause__, _LOST):
                raise
        return await self._run(statement.text, arguments)

    async def row(self, statement: Statement, /, **values: Any) -> Mapping[str, Any] | None:
        """Return the first row of a reading, or None."""
        rows = await self.rows(statement, **values)
        return rows[0] if rows else None

    async def write(self, changes: Sequence[Change], schema: str) -> None:
        """Make all changes or none, in one statement; StaleWrite when an exact one found no row. Never tried again."""
        if changes:
            await self._run(*as_one(changes, schema))

    async def take(self, statement: Statement, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        """Run a single writing statement and return its rows."""
        return await self._run(statement.text, statement.arguments(values))

    async def ping(self) -> None:
        """Return if the server answers and takes writes; Unavailable if not."""
        rows = await self._run("SELECT pg_is_in_recovery() AS standby", [])
        if rows[0]["standby"]:
            raise Unavailable(f"The database {self.name} is a standby and takes no writes.")

    async def close(self) -> None:
        """Close all connections, within two seconds whatever the server does."""
        await self.pool.close()

    async def _run(self, text: str, arguments: Sequence[Any]) -> list[Any]:
        try:
            return await self.pool.fetch(text, arguments, patience=self._patience)
        except (*_AWAY, PoolExhausted, TimeoutError) as error:
            raise Unavailable(f"The database {self.name} gives no answer.") from error
        except asyncpg.PostgresError as error:
            fact = _translated(error)
            if fact is None:
                raise
            raise fact from error


def _translated(error: asyncpg.PostgresError) -> DomainError | None:
    """Return the fact behind the driver's error, by its state and by the constraint that it names."""
    if error.sqlstate == _STALE or isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
        return StaleWrite("Somebody else changed it at the same moment.")
    fact = _FACTS.get(getattr(error, "constraint_name", None) or "")
    return None if fact is None else fact()
