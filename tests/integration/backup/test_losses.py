"""What is lost with a server, with a worker, and with both."""

import asyncio
import shutil
import signal
import sys
from pathlib import Path

import asyncpg

from tests.integration.backup.rig import Rig, restored_texts
from tests.support.processes import Program, running, until

SHIPPING = (sys.executable, "-m", "tests.integration.backup.shipping")


async def test_after_the_loss_of_the_server_under_writes_all_is_there_that_was_acknowledged_before_the_last_upload(
    rig: Rig, tmp_path: Path
) -> None:
    await rig.create()
    acknowledged: list[str] = []
    async with rig.shipping():
        writing = asyncio.create_task(write_for_ever(rig, acknowledged))
        await until(lambda: at_least(acknowledged, 200))
        certain = list(acknowledged)
        await rig.stored()
        await rig.server.kill()
        await asyncio.gather(writing, return_exceptions=True)
    shutil.rmtree(tmp_path / "server" / "postgres")
    await rig.restore(tmp_path / "restored")
    async with restored_texts(tmp_path / "restored") as texts:
        assert set(certain) <= texts
        assert texts <= {f"note {number}" for number in range(len(acknowledged) + 1)}
        assert texts == {f"note {number}" for number in range(len(texts))}


async def test_a_worker_that_is_killed_with_its_spool_loses_nothing_of_the_log(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    async with running(*SHIPPING, environment=rig.environment) as worker:
        await rig.note("stored by the first worker")
        await rig.stored()
        worker.send(signal.SIGSTOP)
        for number in range(3):
            await rig.note(f"received and never stored {number}")
            await rig.switch()
        worker.send(signal.SIGKILL)
        await worker.leaves_nothing()
    shutil.rmtree(tmp_path / "data" / "backup-spools")
    async with running(*SHIPPING, environment=rig.environment):
        await rig.note("stored by the second worker")
        await rig.stored()
    await rig.restore(tmp_path / "restored")
    async with restored_texts(tmp_path / "restored") as texts:
        assert {"stored by the first worker", "stored by the second worker"} <= texts
        assert {f"received and never stored {number}" for number in range(3)} <= texts


async def test_of_two_workers_one_ships_and_the_other_takes_over_when_it_is_killed(rig: Rig) -> None:
    await rig.create()
    async with running(*SHIPPING, environment=rig.environment) as one, running(*SHIPPING, environment=rig.environment) as other:
        await rig.note("with two")
        await rig.stored()
        leaders = [worker for worker in (one, other) if receivers(worker)]
        assert len(leaders) == 1
        leaders[0].send(signal.SIGKILL)
        await rig.note("with one")
        await rig.stored()
        (left,) = {one, other} - set(leaders)
        assert receivers(left)


async def test_a_worker_that_is_told_to_end_leaves_no_process_and_no_spool(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    async with running(*SHIPPING, environment=rig.environment) as worker:
        await rig.note("stored")
        await rig.stored()
        ended = await worker.end(signal.SIGTERM)
        assert ended.status == 0, ended.err
        await worker.leaves_nothing()
    assert not any((tmp_path / "data" / "backup-spools").iterdir())


async def test_no_password_stands_in_a_command_line(rig: Rig) -> None:
    password = rig.dsn.split(":")[2].partition("@")[0]
    async with running(*SHIPPING, environment=rig.environment) as worker:
        await until(lambda: has_receiver(worker))
        lines = [" ".join(process.cmdline()) for process in worker.family()]
    assert any("pg_receivewal" in line for line in lines)
    assert not [line for line in lines if password in line]


async def test_when_the_server_gave_up_our_place_in_the_log_a_new_base_backup_is_made_at_once(rig: Rig, tmp_path: Path) -> None:
    scheduled = rig.having(ONELAST_BACKUP_EVERY="24")
    async with scheduled.shipping():
        await until(lambda: rig.has_backups(1))
        await rig.stored()
    await rig.sql("SELECT pg_drop_replication_slot('onelast_backup')")
    for _ in range(3):
        await rig.switch()
    await rig.sql("CHECKPOINT")
    await rig.note("after the gap")
    async with scheduled.shipping():
        await until(lambda: rig.has_backups(2))
        await rig.stored()
    await rig.restore(tmp_path / "restored")
    async with restored_texts(tmp_path / "restored") as texts:
        assert "after the gap" in texts


async def write_for_ever(rig: Rig, acknowledged: list[str]) -> None:
    """Write notes one after the other, and remember those that were acknowledged, until the server is gone."""
    connection = await asyncpg.connect(rig.dsn)
    while True:
        await connection.execute("INSERT INTO notes VALUES ($1)", f"note {len(acknowledged)}")
        acknowledged.append(f"note {len(acknowledged)}")


async def at_least(found: list[str], count: int) -> bool:
    return len(found) >= count


async def has_receiver(worker: Program) -> bool:
    return receivers(worker)


def receivers(worker: Program) -> bool:
    """Return whether the worker has a pg_receivewal."""
    return any("pg_receivewal" in process.name() for process in worker.family())
