"""A whole deployment is lost, and comes back out of its backups with its users and what they said."""

import shutil
import signal
import time
from pathlib import Path

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import up
from tests.support.processes import run_onelast, until


async def test_what_was_said_before_the_loss_of_the_machine_is_there_after_the_restore(
    deployment: Environment, data_folder: Path, tmp_path: Path
) -> None:
    assert (await run_onelast("backup", "key", str(tmp_path / "key"))).status == 0
    embedded = {name: value for name, value in deployment.items() if name != "ONELAST_CATALOG_DSN"} | {
        "ONELAST_DATA_DIR": str(data_folder), "ONELAST_BACKUP_TARGET": str(tmp_path / "target"),
        "ONELAST_BACKUP_KEY_FILE": str(tmp_path / "key"), "ONELAST_BACKUP_EVERY": "24", "ONELAST_BACKUP_WAL_SECONDS": "0.2",
    }
    async with up(embedded) as node:
        await until(lambda: stored(tmp_path, "base/*/about"))
        caller = await node.api.sign_up()
        session = await caller.session(await caller.agent("scripted-50"))
        assert (await caller.say(session)).status_code == 201
        said = time.time()
        await until(lambda: noted_after(tmp_path, said + 2))
        node.program.send(signal.SIGKILL)
        await node.program.leaves_nothing()
    shutil.rmtree(data_folder)
    restored = await run_onelast("backup", "restore", "--to", str(tmp_path / "restored"), environment=embedded)
    assert restored.status == 0, restored.err
    async with up(embedded | {"ONELAST_DATA_DIR": str(tmp_path / "restored" / "catalog")}) as node:
        caller.http = node.api.http
        messages = await caller.messages(session)
    assert [message["role"] for message in messages] == ["user", "assistant"]


async def stored(folder: Path, pattern: str) -> bool:
    return any((folder / "target").glob(f"*/{pattern}"))


async def noted_after(folder: Path, moment: float) -> bool:
    return any(note.stat().st_mtime > moment for note in (folder / "target").glob("*/covered"))
