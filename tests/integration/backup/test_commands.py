"""`onelast backup` as an operator calls it."""

from pathlib import Path

import pytest

from tests.integration.backup.rig import Rig, restored_texts
from tests.support.processes import Ended, run, run_onelast


async def onelast(rig: Rig, *arguments: str) -> Ended:
    return await run_onelast("backup", *arguments, environment=rig.environment)


async def test_a_backup_is_made_listed_verified_and_rehearsed_and_the_drill_leaves_nothing(rig: Rig, tmp_path: Path) -> None:
    made = await onelast(rig, "create")
    assert (made.status, made.err) == (0, "")
    (backup,) = await rig.backups.archive.backups()
    assert made.out.startswith(f"catalog: {backup.name}, ")
    listed = await onelast(rig, "list")
    assert f"holds catalog, shard 0\n  {backup.name}" in listed.out
    assert f"can be restored to {backup.ended_at.isoformat()}" in listed.out
    verified = await onelast(rig, "verify")
    assert (verified.status, verified.err) == (0, "")
    assert "read 1 base backups and 0 segments of the log: no faults" in verified.out
    place = tmp_path / "drill"
    place.mkdir()
    drilled = await onelast(rig, "drill", "--in", str(place))
    assert (drilled.status, drilled.err) == (0, "")
    assert "recovery time: " in drilled.out
    assert "ok   shard 0: schema shard_" in drilled.out
    assert "ok   consistency: " in drilled.out
    assert "ok   tables and indexes: pg_amcheck finds no fault" in drilled.out
    assert not any(place.iterdir())


async def test_a_drill_looks_at_all_servers_together(rig: Rig, tmp_path: Path) -> None:
    async with rig.with_second_shard(tmp_path / "second") as both:
        await both.create()
        drilled = await run_onelast("backup", "drill", environment=both.environment)
        alone = await run_onelast("backup", "drill", "--server", "shard 1", environment=both.environment)
    assert (drilled.status, drilled.err) == (0, "")
    for name in ("catalog: from", "shard 1: from", "ok   shard 0: ", "ok   shard 1: ", "ok   consistency: "):
        assert name in drilled.out
    assert "rows agree" in drilled.out
    assert "consistency: not looked at" in alone.out


async def test_a_drill_finds_what_the_backup_has_wrong(rig: Rig) -> None:
    await rig.sql("""
        INSERT INTO shard.sessions (id, owner_id, bucket, agent_id, metadata, head_seq, archived, created_at, updated_at, version)
        VALUES ('session_1', 'user_1', 1, 'agent_1', '{}', 3, false, now(), now(), 1)
    """)
    await rig.create()
    drilled = await onelast(rig, "drill")
    assert drilled.status == 1
    assert "BAD  consistency: " in drilled.out


async def test_verify_ends_with_1_when_there_is_a_fault(rig: Rig) -> None:
    await rig.create()
    (data,) = [one.name for one in await rig.objects("base") if one.name.endswith("/data")]
    (rig.target / data).write_bytes(b"")
    verified = await onelast(rig, "verify")
    assert verified.status == 1
    assert f"BAD  {data} is damaged" in verified.out


async def test_old_backups_go_with_their_log_when_a_new_one_is_made(rig: Rig, tmp_path: Path) -> None:
    few = rig.having(ONELAST_BACKUP_KEEP="2")
    async with rig.shipping():
        for number in range(3):
            await rig.note(f"backup {number}")
            await few.create()
            await rig.switch()
            await rig.stored()
        await rig.note("backup 3")
        assert (await onelast(few, "create")).status == 0
    backups = await rig.backups.archive.backups()
    assert len(backups) == 2
    assert {one.name.split("/")[2] for one in await rig.objects("base")} == {backup.name for backup in backups}
    wal = await rig.backups.archive.wal_of(int(rig.system_id), 16 << 20)
    oldest = min(wal.segments()).number
    assert oldest == backups[0].first_segment.number
    await rig.restore(tmp_path / "restored", backups[0].ended_at)
    async with restored_texts(tmp_path / "restored") as texts:
        assert {f"backup {number}" for number in range(3)} <= texts


async def test_a_restored_folder_tells_how_to_start_it(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    ended = await onelast(rig, "restore", "--to", str(tmp_path / "restored"))
    assert (ended.status, ended.err) == (0, "")
    assert f"ONELAST_DATA_DIR={tmp_path}/restored/catalog onelast up" in ended.out


@pytest.mark.parametrize(("arguments", "told"), [
    (("restore",), "Missing option '--to'"),
    (("restore", "--to", "x", "--at", "yesterday"), "'yesterday' is neither `latest` nor a time like"),
    (("restore", "--to", "x", "--at", "2026-10-24T13:05:00"), "lacks the offset from UTC: 2026-10-24T13:05:00Z or"),
    (("restore", "--to", "x"), "There is no whole base backup."),
    (("list",), "There is no whole base backup."),
])
async def test_what_cannot_be_done_is_told_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    assert (await run_onelast("backup", "key", str(tmp_path / "key"))).status == 0
    settings = {"ONELAST_BACKUP_TARGET": str(tmp_path / "target"), "ONELAST_BACKUP_KEY_FILE": str(tmp_path / "key")}
    ended = await run_onelast("backup", *arguments, environment=settings)
    assert ended.status == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


async def test_a_key_file_is_made_for_us_alone_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert (await run_onelast("backup", "key", str(file))).status == 0
    content = file.read_text()
    assert oct(file.stat().st_mode)[-3:] == "600"
    again = await run_onelast("backup", "key", str(file))
    assert again.status == 2
    assert "File exists" in again.err
    assert file.read_text() == content


@pytest.mark.parametrize("content", [None, "", "hunter2"])
async def test_a_bad_key_file_is_refused_by_the_name_of_its_setting(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    settings = {"ONELAST_BACKUP_TARGET": str(tmp_path / "target"), "ONELAST_BACKUP_KEY_FILE": str(tmp_path / "key")}
    ended = await run_onelast("backup", "list", environment=settings)
    assert ended.status == 2
    assert ended.err.startswith("onelast: ONELAST_BACKUP_KEY_FILE names a file that ")
    assert "hunter2" not in ended.err


async def test_the_manifest_is_one_that_postgresqls_own_program_accepts(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    place = tmp_path / "plain"
    await rig.unpack(place)
    checked = await run(rig.program("pg_verifybackup"), str(place))
    assert checked.status == 0, checked.err
    assert "backup successfully verified" in checked.out
