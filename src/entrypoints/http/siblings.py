"""Measurements of all serving processes of a port: whichever is asked asks the others, over sockets in a folder of theirs."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from entrypoints.http.health import RenderMetrics

_PATIENCE_SECONDS: Final = 1.0
_SUFFIX: Final = ".sock"


class Siblings:
    """Tells the others its own measurements, and gathers those of all; a sibling that gives no answer is left out."""

    def __init__(self, folder: Path, render: RenderMetrics) -> None:
        self._folder, self._render = folder, render
        self._own = folder / f"{os.getpid()}{_SUFFIX}"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer the others for as long as the block lasts."""
        server = await asyncio.start_unix_server(self._answer, self._own)
        try:
            yield
        finally:
            server.close()
            self._own.unlink(missing_ok=True)

    async def render(self) -> bytes:
        """Return the measurements of all, each with the number of its process as the label `worker`."""
        others = [path for path in self._folder.glob(f"*{_SUFFIX}") if path != self._own]
        told = await asyncio.gather(*(_ask(path) for path in others))
        texts = [(path.stem, text) for path, text in zip(others, told, strict=True) if text]
        return merged([(self._own.stem, await self._render()), *texts])

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await self._render())
        with suppress(OSError):
            await writer.drain()
        writer.close()


def merged(texts: Sequence[tuple[str, bytes]]) -> bytes:
    """Return one text in Prometheus' format, in which each family stands once and each sample tells its worker."""
    families: dict[bytes, list[bytes]] = {}
    for worker, text in texts:
        seen = set(families)
        family = b""
        for line in text.splitlines():
            if line.startswith(b"# HELP "):
                family = line.split(b" ", 3)[2]
            if not line.startswith(b"#"):
                families.setdefault(family, []).append(_labelled(line, worker))
            elif family not in seen:
                families.setdefault(family, []).append(line)
    return b"\n".join([*_lines(families), b""])


def _lines(families: dict[bytes, list[bytes]]) -> Iterator[bytes]:
    for lines in families.values():
        yield from lines


def _labelled(sample: bytes, worker: str) -> bytes:
    label = f'worker="{worker}"'.encode()
    name, value = sample.rsplit(b" ", 1)
    return b"%s,%s} %s" % (name[:-1], label, value) if name.endswith(b"}") else b"%s{%s} %s" % (name, label, value)


async def _ask(path: Path) -> bytes:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return await reader.read()
            finally:
                writer.close()
    return b""
