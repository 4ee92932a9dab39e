from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrypoints.ioc.backup import write_key
from tests.integration.backup.rig import Rig
from tests.integration.postgres.own_server import OwnServer


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A server of the test's own with a migrated database, and settings for its backups in a folder."""
    server = OwnServer(tmp_path / "server")
    await server.start()
    try:
        await server.prepare()
        yield await rig_of(server, tmp_path)
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
