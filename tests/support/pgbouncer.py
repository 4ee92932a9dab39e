"""PgBouncer, the real program, with the configuration that operators use."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import pytest

from adapters.embedded.child import free_port
from adapters.embedded.ordinary_user import ordinary_user
from tests.support.load_balancers import listens
from tests.support.processes import REPOSITORY, Program, running, until

CONFIGURATION = REPOSITORY / "docker/pgbouncer/pgbouncer.ini"
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


def require_program() -> str:
    """Return where PgBouncer is; where it is not installed, the test is skipped."""
    path = shutil.which("pgbouncer") or shutil.which("pgbouncer", path=_PATH)
    if path is None:
        pytest.skip("PgBouncer is not installed: `apt-get install pgbouncer`")
    return path


class PgBouncer:
    """A running PgBouncer before one server."""

    def __init__(self, program: Program, port: int) -> None:
        self.program, self.port = program, port

    def before(self, dsn: str) -> str:
        """Return the DSN that leads to the same database through it."""
        return at_port(dsn, self.port)


@asynccontextmanager
async def pgbouncer(dsn: str, *, port: int | None = None, **changes: object) -> AsyncIterator[PgBouncer]:
    """Run it on a port (a free one) before the server of a DSN, for that DSN's user; `changes` override the configuration."""
    path, port = require_program(), port or free_port()
    with TemporaryDirectory(prefix="onelast-pgbouncer-") as folder:
        configuration = _write(Path(folder), dsn, {"listen_port": port, **changes})
        async with running(*ordinary_user().prefix, path, str(configuration)) as program:
            async with asyncio.timeout(20):
                await until(lambda: _ready(program, port))
            yield PgBouncer(program, port)


def at_port(dsn: str, port: int) -> str:
    """Return the DSN with another port."""
    return re.sub(r":\d+/", f":{port}/", dsn)


def _write(folder: Path, dsn: str, changes: dict[str, object]) -> Path:
    server, users, configuration = urlsplit(dsn), folder / "userlist.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{server.username}" "{unquote(server.password or "")}"\n')
    lines = [f"%include {CONFIGURATION}", f"auth_file = {users}"]
    lines += [f"{name} = {value}" for name, value in changes.items()]
    configuration.write_text("\n".join([*lines, "[databases]", f"* = host=127.0.0.1 port={server.port}", ""]))
    ordinary_user().own(folder)
    return configuration


async def _ready(program: Program, port: int) -> bool:
    assert program.running, program.err
    return await listens(port)
