"""A durable server with conversations in it, which can be lost."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrate import upgrade
from entrypoints.ioc.backup import write_key

_MESSAGES_PER_SESSION = 50
_SESSIONS = """
INSERT INTO shard.sessions (id, owner_id, bucket, agent_id, metadata, head_seq, archived, created_at, updated_at, version)
SELECT 'session_' || number, 'user_' || number % 1000, number % 4096, 'agent_1', '{}', $2, false, now(), now(), 1
FROM generate_series(1, $1::int) AS number
"""
# Some four hundred characters each, of which a compressor makes little.
_MESSAGES = """
INSERT INTO shard.messages (session_id, seq, id, bucket, role, content, characters, run_id, status, created_at)
SELECT 'session_' || number, seq, 'message_' || number || '_' || seq, number % 4096, 'user',
  jsonb_build_array(jsonb_build_object('type', 'text', 'text',
    (SELECT string_agg(md5(number::text || '/' || seq || '/' || part), ' ') FROM generate_series(1, 12) AS part))),
  400, 'run_' || number || '_' || seq, 'completed', now()
FROM generate_series(1, $1::int) AS number, generate_series(1, $2::int) AS seq
"""


class LosableServer:
    """One server in `folder`, with the settings of its backups."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, DataFolder(folder / "server")

    async def start(self, messages: int) -> None:
        """Start it, and fill it."""
        self.server = await EmbeddedPostgres.start(self.data)
        for tree in ("catalog", "shard"):
            await upgrade(self.dsn, tree)
        connection = await asyncpg.connect(self.dsn)
        sessions = max(messages // _MESSAGES_PER_SESSION, 1)
        for statement in (_SESSIONS, _MESSAGES):
            await connection.execute(statement, sessions, _MESSAGES_PER_SESSION, timeout=600)
        await connection.execute("CREATE TABLE written (number int PRIMARY KEY)")
        await connection.execute("CHECKPOINT", timeout=600)
        await connection.close()
        write_key(self.folder / "key")

    @property
    def dsn(self) -> str:
        """Its address."""
        return self.server.dsn

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a worker beside it."""
        return {
            "ONELAST_CATALOG_DSN": self.dsn, "ONELAST_DATA_DIR": str(self.folder / "worker"),
            "ONELAST_BACKUP_TARGET": str(self.folder / "target"), "ONELAST_BACKUP_KEY_FILE": str(self.folder / "key"),
        }

    async def size(self) -> int:
        """Return the bytes of all its data."""
        return int(await value(self.dsn, "SELECT sum(pg_database_size(oid))::bigint FROM pg_database"))

    async def lose(self) -> None:
        """Kill all its processes at once, and remove its data."""
        place = self.data.path / "postgres"
        postmaster = psutil.Process(int((place / "postmaster.pid").read_text().split()[0]))
        for process in (postmaster, *postmaster.children(recursive=True)):
            process.kill()
        await self.server.stop()
        await asyncio.to_thread(shutil.rmtree, place)
        self.data.release()


async def value(dsn: str, statement: str) -> Any:
    """Return the one value of a statement."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
