"""What goes wrong, one thing after another; in the end everything is whole."""

import asyncio
import signal
import time
from random import Random

from tests.chaos.cluster import Cluster
from tests.chaos.node import Node
from tests.coherence.record import Record

_CALM_SECONDS = 2.0


class Faults:
    """`mild` ones are lines that are cut and nodes that stand still for a moment."""

    def __init__(self, cluster: Cluster, record: Record, random: Random, *, mild: bool) -> None:
        self._cluster, self._record, self._random, self._mild = cluster, record, random, mild

    async def rage(self, seconds: float) -> None:
        """Have something go wrong again and again, for so many seconds."""
        ends = asyncio.get_running_loop().time() + seconds
        mild = [self._cut, self._silence, self._freeze]
        faults = mild if self._mild else [*mild, self._restart_valkey, self._freeze_valkey, self._kill]
        await asyncio.sleep(_CALM_SECONDS)
        number = 0
        while asyncio.get_running_loop().time() < ends - _CALM_SECONDS:
            await faults[number % len(faults)]()
            number += 1
            await asyncio.sleep(self._random.uniform(0.5, 2 * _CALM_SECONDS))

    async def _cut(self) -> None:
        node = self._random.choice(self._cluster.nodes)
        self._note("cut", node)
        node.valkey.cut()

    async def _silence(self) -> None:
        node = self._random.choice(self._cluster.nodes)
        self._note("silence", node)
        node.valkey.silent = True
        await asyncio.sleep(self._random.uniform(0.2, 3))
        node.valkey.silent = False
        self._note("end of silence", node)

    async def _freeze(self) -> None:
        node = self._random.choice(self._cluster.nodes)
        self._note("freeze", node)
        node.freeze()
        await asyncio.sleep(2)
        node.thaw()
        self._note("end of freeze", node)

    async def _kill(self) -> None:
        node = self._random.choice(self._cluster.nodes)
        self._note("kill", node)
        await node.kill()
        await node.start()
        self._note("end of kill", node)

    async def _restart_valkey(self) -> None:
        self._note("restart")
        await self._cluster.valkey.kill()
        await asyncio.sleep(self._random.choice([0.0, 0.3, 3.0]))
        await self._cluster.valkey.start()
        self._note("end of restart")

    async def _freeze_valkey(self) -> None:
        server = self._cluster.valkey._server
        assert server is not None
        self._note("standstill")
        server._child.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(self._random.uniform(0.2, 2))
        server._child.process.send_signal(signal.SIGCONT)
        self._note("end of standstill")

    def _note(self, fault: str, node: Node | None = None) -> None:
        self._record.faults.append((time.time(), fault if node is None else f"{fault} of {node.name}"))
