"""PostgreSQL where root may make no user namespace, and where it may do nothing else either."""

import os
import shutil
from pathlib import Path

import pytest

from tests.integration.embedded.holding import gone, holding

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
NOBODY = 65_534
REFUSES = "#!/bin/sh\necho \"$0: Operation not permitted\" >&2\nexit 1\n"
REFUSES_OTHER_USERS = """#!/bin/sh
case "$*" in *--reuid*) echo "setpriv: setresuid failed: Operation not permitted" >&2; exit 127;; esac
exec {setpriv} "$@"
"""


def programs(folder: Path, **scripts: str) -> str:
    """Return a PATH on which these scripts come first."""
    folder.mkdir()
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture
def no_namespaces(tmp_path: Path) -> str:
    return programs(tmp_path / "bin", unshare=REFUSES)


def owner_and_mode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, found.st_mode & 0o777


async def test_without_namespaces_it_runs_as_nobody_below_a_folder_that_is_closed_to_others(
    path: Path, no_namespaces: str
) -> None:
    async with holding("postgres", path, PATH=no_namespaces) as parent:
        assert parent.outcome == "up", parent.said
        assert {process.uids().effective for process in parent.servers()} == {NOBODY}
        assert owner_and_mode(path / "postgres") == (NOBODY, 0o700)
        assert owner_and_mode(path) == (0, 0o700)


async def test_nobodys_server_ends_with_its_killed_parent_too(path: Path, no_namespaces: str) -> None:
    async with holding("postgres", path, PATH=no_namespaces) as parent:
        servers = parent.servers()
        await parent.kill()
        await gone(servers)
        assert len(servers) > 1


async def test_data_change_hands_when_namespaces_come_and_go(path: Path, no_namespaces: str) -> None:
    for environment in ({"PATH": no_namespaces}, {}, {"PATH": no_namespaces}):
        async with holding("postgres", path, **environment) as parent:
            assert parent.outcome == "up", parent.said


async def test_root_that_may_become_nobody_else_is_told_what_it_needs(path: Path, tmp_path: Path) -> None:
    setpriv = REFUSES_OTHER_USERS.format(setpriv=shutil.which("setpriv"))
    environment = programs(tmp_path / "bin", unshare=REFUSES, setpriv=setpriv)
    async with holding("postgres", path, PATH=environment) as parent:
        assert parent.outcome == "problem"
        assert parent.said == (
            "PostgreSQL's data folder could not be made: setpriv: setresuid failed: Operation not permitted"
            " Root needs user namespaces, or else the capabilities SETUID, SETGID and DAC_OVERRIDE;"
            " run onelast as an ordinary user, or set ONELAST_CATALOG_DSN."
        )
