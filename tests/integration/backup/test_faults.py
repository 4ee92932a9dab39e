"""Faults in what is stored are found and named."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.backups.problems import NotRestorable, ObjectDamaged, TargetAway, WrongKey
from entrypoints.ioc.backup import write_key
from tests.integration.backup.conftest import running_rig
from tests.integration.backup.rig import Rig, restored_texts


async def faults(rig: Rig) -> list[str]:
    """Return what `verify` finds."""
    (found,) = await rig.backups.verify().execute()
    assert found.read
    return list(found.faults)


async def stored_segments(rig: Rig, count: int) -> None:
    """Make a base backup, and store so many whole segments after it."""
    await rig.create()
    async with rig.shipping():
        for number in range(count):
            await rig.note(f"segment {number}")
            await rig.switch()
        await rig.stored()


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory, pattern: Path) -> AsyncIterator[Rig]:
    """A server with a base backup and two segments after it, which nobody harms: who does takes a copy."""
    async with running_rig(tmp_path_factory.mktemp("whole"), pattern) as rig:
        await rig.note("a secret that nobody may read")
        await stored_segments(rig, 2)
        yield rig


@pytest.fixture(scope="module")
async def whole_twice(whole: Rig, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """The same with a second base backup."""
    twice = copy_of(whole, tmp_path_factory.mktemp("twice"))
    await twice.create()
    return twice


def copy_of(rig: Rig, folder: Path) -> Rig:
    """Return the rig with a copy of what it has stored."""
    shutil.copytree(rig.target, folder / "target")
    return rig.having(ONELAST_BACKUP_TARGET=str(folder / "target"))


async def test_a_backup_that_is_right_has_no_faults_and_holds_no_plain_text(whole: Rig, whole_twice: Rig) -> None:
    rig = whole
    assert await faults(whole_twice) == []
    assert await faults(rig) == []
    everything = b"".join(path.read_bytes() for path in rig.target.rglob("*") if path.is_file())
    assert everything
    assert b"secret that nobody" not in everything
    assert b"PG_VERSION" not in everything


@pytest.mark.parametrize("what", ["base", "wal"])
@pytest.mark.parametrize("how", ["changed", "cut short", "removed", "put in another's place"])
async def test_each_fault_is_named_with_its_object(whole: Rig, whole_twice: Rig, tmp_path: Path, what: str, how: str) -> None:
    rig = copy_of(whole if what == "wal" else whole_twice, tmp_path)
    objects = [one.name for one in await rig.objects(what) if one.name.endswith("/data") or what == "wal"]
    hurt = objects[-1] if what == "base" else first_after_base(rig, objects)
    path, other = rig.target / hurt, rig.target / next(name for name in objects if name != hurt)
    content = path.read_bytes()
    if how == "changed":
        path.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    elif how == "cut short":
        path.write_bytes(content[:-5])
    elif how == "removed":
        path.unlink()
    else:
        path.write_bytes(other.read_bytes())
    found = await faults(rig)
    assert len(found) == 1
    assert (hurt.rpartition("/")[2] if what == "wal" else hurt) in found[0]


async def test_a_gap_in_the_log_is_named_and_bars_every_moment_behind_it(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    async with rig.shipping():
        await rig.note("before the gap")
        moment = await rig.now()
        await rig.switch()
        await rig.note("in the gap")
        await rig.switch()
        await rig.note("behind the gap")
        late = await rig.now()
        await rig.switch()
        await rig.stored()
    whole = [one.name for one in await rig.objects("wal") if ".partial" not in one.name]
    (rig.target / whole[-2]).unlink()
    segment = whole[-2].rpartition("/")[2]
    assert await faults(rig) == [f"The log has a gap: {segment} missing."]
    with pytest.raises(NotRestorable, match=f"gap: {segment} missing; name a moment"):
        await rig.restore(tmp_path / "latest")
    with pytest.raises(NotRestorable, match=f"gap: {segment} missing, and the moment"):
        await rig.restore(tmp_path / "behind", late)
    assert not (tmp_path / "behind" / "catalog").exists()
    await rig.restore(tmp_path / "before", moment)
    async with restored_texts(tmp_path / "before") as texts:
        assert texts == {"before the gap"}


async def test_another_key_opens_nothing_and_says_so(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    write_key(tmp_path / "other")
    stranger = rig.having(ONELAST_BACKUP_KEY_FILE=str(tmp_path / "other"))
    with pytest.raises(WrongKey, match=r"another key than that of ONELAST_BACKUP_KEY_FILE\."):
        await stranger.restore(tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


async def test_a_damaged_base_backup_is_not_restored_and_leaves_nothing(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    (data,) = [one.name for one in await rig.objects("base") if one.name.endswith("/data")]
    content = (rig.target / data).read_bytes()
    (rig.target / data).write_bytes(content[:-1_000])
    with pytest.raises(ObjectDamaged, match=re.escape(data)):
        await rig.restore(tmp_path / "restored")
    assert not (tmp_path / "restored" / "catalog").exists()


async def test_a_target_that_cannot_be_written_is_named(rig: Rig) -> None:
    target = rig.target
    found = rig.backups
    target.rmdir()
    target.write_text("a file")
    with pytest.raises(TargetAway, match=str(target)):
        await found.create().execute((await found.sources())[0])


async def test_tablespaces_are_refused(rig: Rig, tmp_path: Path) -> None:
    await rig.sql("SET allow_in_place_tablespaces = true")
    await rig.in_place_tablespace("fast_disks")
    with pytest.raises(Exception, match=r"has tablespaces \(fast_disks\)"):
        await rig.create()


def first_after_base(rig: Rig, names: list[str]) -> str:
    """Return the newest whole segment."""
    return [name for name in names if ".partial" not in name and ".history" not in name][-1]
