"""The Cloudflare Worker on loopback, in the strict stand-in for its runtime, before a node that listens."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.processes import REPOSITORY, running

EDGE_FILES = REPOSITORY / "deploy/edge"
NODE = shutil.which("node") or shutil.which("nodejs")


@asynccontextmanager
async def worker_before(origin: int) -> AsyncIterator[int]:
    """Run the Worker before the node that listens on this port, and yield its own port."""
    assert NODE is not None
    async with running(NODE, str(EDGE_FILES / "cloudflare/test/serve.mjs"), str(origin)) as program:
        await program.says("listening on ")
        listening = re.search(r"listening on (\d+)", program.out)
        assert listening is not None
        yield int(listening[1])
