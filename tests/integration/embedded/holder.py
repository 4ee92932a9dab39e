"""The program of a process that starts an embedded server and holds it until it is killed: `holder.py <server> <folder>`."""

import asyncio
import sys
from pathlib import Path

from adapters.embedded.folder import DataFolder, EmbeddedProblem
from adapters.embedded.model import EmbeddedModel
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey


async def start(server: str, path: Path) -> str:
    """Return the running server's address."""
    folder = DataFolder(path)
    match server:
        case "postgres":
            return (await EmbeddedPostgres.start(folder)).dsn
        case "valkey":
            return (await EmbeddedValkey.start(folder)).url
        case _:
            return (await EmbeddedModel.start(folder)).url


async def main(server: str, path: Path) -> None:
    """Say on one line how it went."""
    try:
        print("up", await start(server, path), flush=True)
    except EmbeddedProblem as problem:
        print("problem", problem, flush=True)
    else:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
