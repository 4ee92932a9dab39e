from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from entrypoints.ioc.backup import write_key
from tests.integration.backup.rig import Rig
from tests.integration.postgres.own_server import OwnServer


@pytest.fixture
async def rig(tmp_path: Path, pattern: Path) -> AsyncIterator[Rig]:
    """A server of the test's own with a migrated database, and settings for its backups in a folder."""
    async with running_rig(tmp_path, pattern) as rig:
        yield rig


@asynccontextmanager
async def running_rig(folder: Path, pattern: Path) -> AsyncIterator[Rig]:
    """Run a server on a copy of the pattern in the folder, and have its backups go there too."""
    server = OwnServer(folder / "server")
    await server.start_as(pattern)
    try:
        yield await rig_of(server, folder)
    finally:
        await server.stop()
        server.release()


async def rig_of(server: OwnServer, folder: Path) -> Rig:
    """Return the rig of a server that runs, with its table of notes."""
    write_key(folder / "key")
    dsn = await server.database()
    rig = Rig(server, dsn, {
        "ONELAST_CATALOG_DSN": dsn, "ONELAST_DATA_DIR": str(folder / "data"), "ONELAST_BACKUP_TARGET": str(folder / "target"),
        "ONELAST_BACKUP_KEY_FILE": str(folder / "key"), "ONELAST_BACKUP_WAL_SECONDS": "0.2",
    }, folder)
    await rig.sql("CREATE TABLE notes (text text)")
    return rig
