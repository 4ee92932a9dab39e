"""Real Varnish servers before the nodes, with the very rules that operators use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from adapters.embedded.child import free_port
from tests.support.load_balancers import installed, listens, path_of, substituted
from tests.support.processes import REPOSITORY, Program, running, until

RULES: Final = REPOSITORY / "docker/varnish/default.vcl"
SECRET: Final = "a-secret-of-purges"
_MODULE: Final = "libvmod_xkey.so"


def varnish_missing() -> str | None:
    """Return why no Varnish can be run here, or None."""
    if not installed("varnishd"):
        return "varnishd is not installed"
    found = [*Path("/usr/lib").glob(f"*/varnish/vmods/{_MODULE}"), *Path("/usr/lib/varnish/vmods").glob(_MODULE)]
    return None if found else "varnish-modules is not installed"


@asynccontextmanager
async def varnish(origin: int, *, port: int | None = None, purgers: str = '"127.0.0.1";') -> AsyncIterator[int]:
    """Run a Varnish before an origin that listens on this port, and yield its own port."""
    port = port or free_port()
    words = {"ONELAST_ORIGIN_HOST": "127.0.0.1", "ONELAST_ORIGIN_PORT": str(origin), "ONELAST_PURGERS": purgers}
    with TemporaryDirectory(prefix="onelast-varnish-") as folder:
        rules = Path(folder) / "default.vcl"
        rules.write_text(substituted(RULES.read_text(), words))
        command = [
            path_of("varnishd"), "-F", "-n", f"{folder}/work", "-f", str(rules), "-a", f"127.0.0.1:{port}", "-s", "malloc,32m",
            "-p", "http_gzip_support=off", "-p", "thread_pool_min=20", "-j", "none",
        ]
        async with running(*command, environment={"ONELAST_EDGE_TOKEN": SECRET}) as program:
            await _ready(program, port)
            yield port


async def _ready(program: Program, port: int) -> None:
    async def ready() -> bool:
        assert program.running, program.out + program.err
        return await listens(port)

    await until(ready)
