import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A data folder's place, with a name that scripts trip over; what is in it afterwards is thrown away."""
    path = tmp_path / "Daten für \"alle\" 'hier'"
    yield path
    shutil.rmtree(path, ignore_errors=True)
