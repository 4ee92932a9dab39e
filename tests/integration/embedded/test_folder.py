"""The folder of all embedded servers."""

from pathlib import Path

import pytest

from adapters.embedded.folder import DataFolder, EmbeddedProblem
from tests.integration.embedded.holding import data_folder, holding


async def test_a_second_process_on_the_folder_is_told_of_the_first(path: Path) -> None:
    with data_folder(path):
        async with holding("valkey", path) as second:
            assert second.outcome == "problem"
            assert second.said == f"Another onelast is running on the data folder {path}."


async def test_a_folder_that_was_released_is_free_for_the_next(path: Path) -> None:
    with data_folder(path), pytest.raises(EmbeddedProblem, match="Another onelast is running"):
        DataFolder(path)
    with data_folder(path) as again:
        assert again.path == path


def test_a_folder_below_a_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wanted = tmp_path / "file" / "data"
    with pytest.raises(EmbeddedProblem) as problem:
        DataFolder(wanted)
    assert str(problem.value) == (
        f"The data folder {wanted} cannot be written (Not a directory). Set ONELAST_DATA_DIR to a folder that can."
    )


@pytest.mark.parametrize("place", ["/proc/onelast", "/proc/self"])
def test_a_folder_that_takes_no_files_is_named(place: str) -> None:
    with pytest.raises(EmbeddedProblem, match=rf"The data folder {place} cannot be written \(.+\)\. Set ONELAST_DATA_DIR"):
        DataFolder(Path(place))


def test_a_secret_is_made_once_and_read_by_nobody_else(path: Path) -> None:
    with data_folder(path) as folder:
        first, other = folder.secret("postgres"), folder.secret("valkey")
        assert (first, len(first) >= 32) == (folder.secret("postgres"), True)
        assert first != other
    with data_folder(path) as folder:
        assert folder.secret("postgres") == first
    kept = {file.name: file.stat().st_mode & 0o777 for file in (path / "secrets").iterdir()}
    assert kept == {"postgres": 0o600, "valkey": 0o600}
    assert [folder.stat().st_mode & 0o777 for folder in (path, path / "secrets")] == [0o700, 0o700]


def test_the_mode_of_a_folder_that_was_there_before_stays(path: Path) -> None:
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    with data_folder(path):
        assert path.stat().st_mode & 0o777 == 0o755
