"""Reaching a server: by asyncpg, and by PostgreSQL's programs, whose command lines anybody on the machine may read."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from domain.backups.problems import ServerRefuses

_CONNECT_SECONDS: Final = 10.0
_COMMAND_SECONDS: Final = 60.0
_FAILURES: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
_SECRETS: Final = {"password": "PGPASSWORD", "sslpassword": "PGSSLPASSWORD"}


@dataclass(frozen=True, slots=True)
class Address:
    """A DSN, and what messages call the server behind it."""

    dsn: str
    label: str

    def for_programs(self, **parameters: str) -> tuple[str, dict[str, str]]:
        """Return the address without its password, and the environment that holds it."""
        parts = urlsplit(self.dsn)
        login, _, place = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        given = dict(parse_qsl(parts.query))
        secrets = {name: given.pop(key) for key, name in _SECRETS.items() if key in given}
        if password:
            secrets["PGPASSWORD"] = unquote(password)
        netloc = f"{user}@{place}" if login else place
        wanted = {"target_session_attrs": "primary"} if self._has_several_hosts else {}
        return urlunsplit(parts._replace(netloc=netloc, query=urlencode(wanted | given | parameters))), secrets

    @property
    def _has_several_hosts(self) -> bool:
        return "," in urlsplit(self.dsn).netloc.rpartition("@")[2]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell the driver's failures as ServerRefuses, without an address: it may hold a password."""
        try:
            yield
        except _FAILURES as error:
            raise ServerRefuses(f"The server of the {self.label} cannot be asked: {_reason(error)}.") from error

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """Yield a connection of our own; ServerRefuses."""
        with self.told():
            connection = await asyncpg.connect(
                self.dsn, timeout=_CONNECT_SECONDS, command_timeout=_COMMAND_SECONDS,
                server_settings={"application_name": "onelast_backup"},
                target_session_attrs=SessionAttribute.primary if self._has_several_hosts else None,
            )
        try:
            with self.told():
                yield connection
        finally:
            with suppress(*_FAILURES):
                await connection.close(timeout=2)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError | asyncpg.PostgresError):
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return type(error).__name__
