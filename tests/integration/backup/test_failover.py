"""A standby takes over, and the backups go on with it."""

import shutil
from pathlib import Path

from tests.integration.backup.rig import Rig, restored_texts
from tests.support.processes import run, until


async def test_after_a_failover_a_new_base_backup_is_made_and_both_lives_of_the_database_can_be_restored(
    rig: Rig, tmp_path: Path
) -> None:
    await standby_of(rig, tmp_path / "standby")
    async with rig.started(tmp_path / "standby") as standby:
        both = standby.reached_as_one_of(rig)
        async with both.shipping():
            await until(lambda: rig.has_backups(1))
            await rig.note("on the first")
            await rig.stored()
            moment = await rig.now()
            await until(lambda: standby.has_note("on the first"))
            await rig.server.kill()
            await standby.sql("SELECT pg_promote()")
            await standby.note("on the second")
            await until(lambda: rig.has_backups(2), within=60)
            await standby.stored(within=60)
        await both.restore(tmp_path / "latest")
        await both.restore(tmp_path / "before", moment)
    async with restored_texts(tmp_path / "latest") as texts:
        assert texts == {"on the first", "on the second"}
    async with restored_texts(tmp_path / "before") as texts:
        assert texts == {"on the first"}


async def standby_of(rig: Rig, folder: Path) -> None:
    """Make a standby's data folder."""
    (folder / "secrets").mkdir(parents=True, mode=0o700)
    shutil.copy(rig.folder / "server" / "secrets" / "postgres", folder / "secrets" / "postgres")
    copied = await run(rig.program("pg_basebackup"), "-d", rig.dsn, "-D", str(folder / "postgres"), "-R", "-c", "fast", "-w")
    assert copied.status == 0, copied.err
