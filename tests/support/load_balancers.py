"""The load balancers that operators put before the nodes, with the very configurations that they use."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.embedded.child import free_port
from tests.support.processes import REPOSITORY, Program, running, until

HAPROXY_CONFIGURATION = REPOSITORY / "docker/haproxy/haproxy.cfg"
NGINX_CONFIGURATION = REPOSITORY / "docker/nginx/nginx.conf"
LoadBalancer = Callable[[Sequence[int]], AbstractAsyncContextManager[int]]


def installed(program: str) -> bool:
    """Whether a load balancer's program is on this machine."""
    return shutil.which(program, path=_search_path()) is not None


@asynccontextmanager
async def haproxy(nodes: Sequence[int]) -> AsyncIterator[int]:
    """Run HAProxy before nodes that listen on these ports (six at most), and yield its own port."""
    port = free_port()
    addresses = {f"ONELAST_NODE_{number}": f"127.0.0.1:{node}" for number, node in enumerate(nodes, 1)}
    command = [path_of("haproxy"), "-db", "-f", str(HAPROXY_CONFIGURATION)]
    async with running(*command, environment={"ONELAST_EDGE_BIND": f"127.0.0.1:{port}", **addresses}) as program:
        await _ready(program, port)
        yield port


@asynccontextmanager
async def nginx(nodes: Sequence[int]) -> AsyncIterator[int]:
    """Run nginx before nodes that listen on these ports, and yield its own port."""
    port = free_port()
    words = {
        "ONELAST_EDGE_LISTEN": f"127.0.0.1:{port}",
        "ONELAST_NODES": " ".join(f"server 127.0.0.1:{node} fail_timeout=2s;" for node in nodes),
    }
    with TemporaryDirectory(prefix="onelast-nginx-") as folder:
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(substituted(NGINX_CONFIGURATION.read_text(), words))
        user = "user root; " if os.geteuid() == 0 else ""
        directives = f"daemon off; {user}"
        command = [path_of("nginx"), "-p", folder, "-c", str(configuration), "-e", "stderr", "-g", directives]
        async with running(*command) as program:
            await _ready(program, port)
            yield port


async def listens(port: int) -> bool:
    """Whether somebody takes connections on this port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _ready(program: Program, port: int) -> None:
    async def ready() -> bool:
        assert program.running, program.out + program.err
        return await listens(port)

    await until(ready)


def substituted(text: str, words: dict[str, str]) -> str:
    """Do what `envsubst` does with the variables that it is told to replace."""
    for name, value in words.items():
        text = text.replace("${" + name + "}", value)
    return text


def path_of(program: str) -> str:
    """Return where an installed program lies."""
    found = shutil.which(program, path=_search_path())
    assert found is not None, f"{program} is not installed"
    return found


def _search_path() -> str:
    """Return where programs are looked for: also where those of the system's administrator lie."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
