"""A start that cannot be: exit code 2, one sentence that names the setting, nothing started."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.support.processes import Ended, run_onelast

DSN = "postgresql://onelast:sesame@127.0.0.1:1/onelast"
COMPLETE = {
    "ONELAST_CATALOG_DSN": DSN, "ONELAST_REDIS_URL": "redis://:sesame@127.0.0.1:1", "ONELAST_UPSTREAM_URL": "http://127.0.0.1:1/v1"
}
NEEDED = [*(("serve", name) for name in COMPLETE), ("worker", "ONELAST_REDIS_URL"), ("migrate", "ONELAST_REDIS_URL")]
WRONG = {
    "ONELAST_PORT": "http", "ONELAST_PROT": "8000", "ONELAST_REDIS_URL": "http://:sesame@127.0.0.1:1",
    # A password whose `#` and `/` are not escaped makes another address of this: nothing of it may be shown.
    "ONELAST_CATALOG_DSN": "postgresql://onelast:sesame#open/door@127.0.0.1:5432/onelast",
}


def require_sentence(ended: Ended, *words: str) -> None:
    """Return if it ended as one that was refused."""
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    for word in ("onelast: ", *words):
        assert word in ended.err


async def test_a_port_that_is_taken_is_named(data_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        settings = {"ONELAST_DATA_DIR": str(data_folder), "ONELAST_PORT": port}
        starts = [run_onelast("up", environment=settings), run_onelast("serve", environment=COMPLETE | settings)]
        for ended in await asyncio.gather(*starts):
            require_sentence(ended, "ONELAST_PORT", port)
    assert data_folder not in data_folder.parent.iterdir()


@pytest.fixture
def regular_file(data_folder: Path) -> Path:
    data_folder.write_text("not a folder")
    return data_folder.resolve()


async def test_a_data_folder_that_cannot_be_written_is_named(regular_file: Path) -> None:
    settings = {"ONELAST_DATA_DIR": str(regular_file / "deeper" / "data"), "ONELAST_PORT": "0"}
    require_sentence(await run_onelast("up", environment=settings), "ONELAST_DATA_DIR", settings["ONELAST_DATA_DIR"])


async def test_a_wrong_setting_is_named(data_folder: Path) -> None:
    settings = {"ONELAST_DATA_DIR": str(data_folder), "ONELAST_PORT": "0"}
    starts = [run_onelast("up", environment={**settings, name: value}) for name, value in WRONG.items()]
    for name, ended in zip(WRONG, await asyncio.gather(*starts), strict=True):
        require_sentence(ended, name)
        assert not [word for word in ("sesame", "open", "door") if word in ended.err]
    assert data_folder not in data_folder.parent.iterdir()


async def test_a_setting_that_a_command_needs_is_named() -> None:
    starts = [run_onelast(command, environment={**COMPLETE, name: ""}) for command, name in NEEDED]
    for (_, name), ended in zip(NEEDED, await asyncio.gather(*starts), strict=True):
        require_sentence(ended, f"{name} is not set")


async def test_a_database_that_is_away_is_named() -> None:
    settings = {**COMPLETE, "ONELAST_PORT": "0"}
    starts = [run_onelast(command, environment=settings) for command in ("serve", "migrate")]
    for ended in await asyncio.gather(*starts):
        require_sentence(ended, "catalog cannot be reached")


@pytest.mark.parametrize("command", ["up", "serve", "worker", "migrate", "db", "doctor", "check", "shards", "backup", "users"])
async def test_each_command_starts_on_its_own_with_nothing_imported_before(command: str) -> None:
    ended = await run_onelast(command, "--help", afresh=True)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: onelast {command} ")
