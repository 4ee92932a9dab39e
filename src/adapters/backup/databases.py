"""Which database servers there are: several databases may lie on one, and each server is backed up once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.backup.connecting import Address
from domain.backups.base import Holding
from domain.backups.problems import ServerRefuses

_WHICH: Final = "SELECT system_identifier, current_database()::text FROM pg_control_system()"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the application, and the address of its database."""

    name: str
    dsn: str


@dataclass(frozen=True, slots=True)
class Server:
    """A server with all parts that it holds; it is called by the first."""

    dsn: str
    holdings: tuple[Holding, ...]

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.holdings[0].part


async def servers_of(parts: Sequence[Part], direct: Sequence[str]) -> Sequence[Server]:
    """Return each server once; `direct` are addresses of the servers themselves, to be used instead of the parts'."""
    dsns: dict[int, str] = {}
    holdings: dict[int, list[Holding]] = {}
    for part in parts:
        system_id, database = await _which(Address(part.dsn, part.name))
        dsns.setdefault(system_id, part.dsn)
        holdings.setdefault(system_id, []).append(Holding(part.name, database))
    for number, dsn in enumerate(direct, 1):
        system_id, _ = await _which(Address(dsn, f"entry {number} of ONELAST_BACKUP_DSNS"))
        if system_id not in dsns:
            raise ServerRefuses(f"Entry {number} of ONELAST_BACKUP_DSNS is a server that holds neither the catalog nor a shard.")
        dsns[system_id] = dsn
    return [Server(dsn, tuple(holdings[system_id])) for system_id, dsn in dsns.items()]


async def _which(address: Address) -> tuple[int, str]:
    async with address.connection() as connection:
        row = await connection.fetchrow(_WHICH)
    assert row is not None
    return row[0], row[1]
