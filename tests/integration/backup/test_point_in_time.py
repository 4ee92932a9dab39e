"""A server comes back as it was at a moment."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.backups.problems import NotRestorable, PlaceTaken
from tests.integration.backup.rig import Rig, restored_texts


async def test_what_was_written_before_the_moment_is_there_and_what_came_after_is_not(rig: Rig, tmp_path: Path) -> None:
    await rig.note("before the base backup")
    await rig.create()
    async with rig.shipping():
        await rig.note("before")
        moment = await rig.now()
        await rig.note("after")
        await rig.stored()
    part = await rig.restore(tmp_path / "restored", moment)
    assert part.moment == moment
    assert part.last_commit is not None
    assert part.last_commit <= moment
    async with restored_texts(tmp_path / "restored") as texts:
        assert texts == {"before the base backup", "before"}


async def test_a_moment_of_silence_after_the_last_write_is_restored_with_that_write(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    async with rig.shipping():
        await rig.note("last words")
        moment = await rig.now()
        await rig.stored()
    await rig.restore(tmp_path / "restored", moment)
    async with restored_texts(tmp_path / "restored") as texts:
        assert texts == {"last words"}


async def test_an_older_moment_is_restored_from_the_base_backup_before_it(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    async with rig.shipping():
        await rig.note("old")
        moment = await rig.now()
        await rig.note("new")
        await rig.create()
        await rig.stored()
    part = await rig.restore(tmp_path / "restored", moment)
    assert part.backup == (await rig.backups.archive.backups())[0]
    async with restored_texts(tmp_path / "restored") as texts:
        assert texts == {"old"}


async def test_a_base_backup_without_any_log_beside_it_is_restored_as_it_was_made(rig: Rig, tmp_path: Path) -> None:
    await rig.note("kept")
    await rig.create()
    await rig.note("lost")
    await rig.restore(tmp_path / "restored")
    async with restored_texts(tmp_path / "restored") as texts:
        assert texts == {"kept"}


async def test_a_restored_server_is_backed_up_on_its_new_timeline_and_can_be_restored_again(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    async with rig.shipping():
        await rig.note("kept")
        moment = await rig.now()
        await rig.note("undone by the first restore")
        await rig.switch()
        await rig.stored()
    await rig.restore(tmp_path / "first", moment)
    async with rig.moved_to(tmp_path / "first" / "catalog") as second:
        async with second.shipping():
            await second.note("written after the first restore")
            await second.stored()
        await second.restore(tmp_path / "second")
    async with restored_texts(tmp_path / "second") as texts:
        assert texts == {"kept", "written after the first restore"}


async def test_a_place_that_is_not_empty_is_refused_by_name_and_left_as_it_was(rig: Rig, tmp_path: Path) -> None:
    await rig.create()
    place = tmp_path / "taken"
    place.mkdir()
    (place / "precious").write_text("mine")
    with pytest.raises(PlaceTaken, match=str(place)):
        await rig.restore(place)
    assert [path.name for path in place.iterdir()] == ["precious"]


async def test_a_moment_that_lies_before_or_behind_what_is_stored_is_refused_with_the_one_that_would_do(
    rig: Rig, tmp_path: Path
) -> None:
    too_early = await rig.now()
    await rig.create()
    (backup,) = await rig.backups.archive.backups()
    with pytest.raises(NotRestorable, match=f"oldest .* is {backup.ended_at.isoformat()}".replace("+", r"\+")):
        await rig.restore(tmp_path / "restored", too_early)
    with pytest.raises(NotRestorable, match=f"latest .* is {backup.ended_at.isoformat()}".replace("+", r"\+")):
        await rig.restore(tmp_path / "restored", datetime.now(UTC) + timedelta(hours=1))
    assert not (tmp_path / "restored").exists()


async def test_two_servers_come_back_at_the_same_moment(rig: Rig, tmp_path: Path) -> None:
    async with rig.with_second_shard(tmp_path / "second") as both:
        await both.create()
        async with both.shipping():
            await rig.note("before")
            await both.note_on_shard("before")
            moment = await rig.now()
            await rig.note("after")
            await both.note_on_shard("after")
            await both.stored_everywhere()
        parts = await both.restore_all(tmp_path / "restored", moment)
    assert [part.backup.server.label for part in parts] == ["catalog", "shard 1"]
    for name in ("catalog", "shard-1"):
        async with restored_texts(tmp_path / "restored", name) as texts:
            assert texts == {"before"}
