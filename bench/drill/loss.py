"""One loss: what was lost, and how long it took."""

import asyncio
import os
import random
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from bench.drill.stage import LosableServer
from bench.drill.writing import Written, write_until_lost
from domain.backups.problems import BackupProblem
from entrypoints.ioc.backup import backup_loops, backups
from entrypoints.settings import read_settings


@dataclass(frozen=True, slots=True)
class Loss:
    """Sizes in bytes; seconds from the loss until the restored server took a write."""

    messages: int
    size: int
    stored: int
    acknowledged: int
    lost: int
    lost_seconds: float
    recovery_seconds: float


async def lose_and_restore(folder: Path, messages: int, seconds: float) -> Loss:
    """Fill a server, back it up, lose it after so many seconds of writes, and bring it back."""
    stage, written = LosableServer(folder), Written([])
    await stage.start(messages)
    settings = read_settings(stage.environment)
    found = backups(settings)
    for source in await found.sources():
        await found.create().execute(source)
    (loop,) = backup_loops(settings)
    shipping = asyncio.create_task(loop())
    writing = asyncio.create_task(write_until_lost(stage.dsn, written))
    await asyncio.sleep(seconds + random.uniform(0, settings.backup_wal_seconds))  # at any time between two uploads
    size, gone = await stage.size(), time.monotonic()
    await stage.lose()
    shipping.cancel()
    with suppress(asyncio.CancelledError):
        await shipping
    await writing
    restored = await _restored(folder, stage.environment)
    recovered = time.monotonic() - gone
    lost = written.lost(restored)
    stored = sum(one.size for one in await found.archive.storage.list(""))
    return Loss(
        messages, size, stored, len(written.acknowledged), len(lost), gone - lost[0][1] if lost else 0.0, recovered
    )


async def _restored(folder: Path, environment: dict[str, str]) -> set[int]:
    """Restore as an operator would, start the server, write, and return the numbers that are there."""
    command = [str(Path(sys.executable).with_name("onelast")), "backup", "restore", "--to", str(folder / "restored")]
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL)
    if await process.wait():
        raise BackupProblem("The restore failed.")
    data = DataFolder(folder / "restored" / "catalog")
    server = await EmbeddedPostgres.start(data)
    try:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("INSERT INTO written VALUES (-1)")
        numbers = {row[0] for row in await connection.fetch("SELECT number FROM written WHERE number > 0")}
        await connection.close()
    finally:
        await server.stop()
        data.release()
    return numbers
