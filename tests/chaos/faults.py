"""What goes wrong: machines die, stop and come back, and lines between them break."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from tests.chaos.cluster import Cluster
from tests.chaos.history import History
from tests.chaos.node import Node
from tests.support.fault_proxy import FaultProxy

Fault = Callable[[], Awaitable[None]]
_CALM_BEFORE_SECONDS = 1.0
_LONG_OUTAGE_SECONDS = 3.5
_LOSING_SECONDS = 1.0
# A busy machine takes its time until all that was shown alone is written.
_MENDING_SECONDS = 3.0
# A lease ends, another node takes over, and what it took over is in the log again.
_TAKEN_OVER_SECONDS = 7.0


class Faults:
    """Does one thing after another, as its random numbers say, and leaves everything whole in the end.

    While Valkey is away for over two seconds, a node shows its viewers what is written nowhere else; if the node is lost in
    that while, they see numbers twice (docs/adr/0011-run-log-on-valkey.md). So none is lost then: `calm` tells when one may be.
    """

    def __init__(self, cluster: Cluster, history: History, random: Random, *, forgetful: bool) -> None:
        self._cluster, self._history, self._random, self._forgetful = cluster, history, random, forgetful
        self._calm = asyncio.Event()
        self._calm.set()
        self._absent: set[Node] = set()

    async def rage(self, seconds: float) -> None:
        """Have nodes and lines go wrong at the same time, for so many seconds; the first thing is that a node dies."""
        ends = asyncio.get_running_loop().time() + seconds
        await asyncio.sleep(_CALM_BEFORE_SECONDS)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._kill())
            tasks.create_task(self._go_on([self._kill, self._kill, self._freeze, self._freeze, self._leave], 1.5, ends))
            tasks.create_task(self._go_on([self._kill, self._freeze], 6.0, ends))
            tasks.create_task(self._go_on([self._cut, self._cut, self._silence, self._delay, self._lose_replies], 1.0, ends))
            tasks.create_task(self._go_on([self._restart_valkey, self._restart_valkey, self._long_outage], 8.0, ends))
            tasks.create_task(self._go_on([self._restart_postgres], 30.0, ends))

    async def _go_on(self, faults: Sequence[Fault], pause: float, ends: float) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0.3, 2.0) * pause)
            if asyncio.get_running_loop().time() >= ends:
                return
            await self._random.choice(faults)()

    async def _kill(self) -> None:
        node = await self._victim()
        if node is not None:
            self._note(f"kill {node.name}")
            await node.kill()
            await self._bring_back(node, self._random.uniform(0, 2.5))

    async def _leave(self) -> None:
        node = await self._victim()
        if node is not None:
            self._note(f"ask {node.name} to leave")
            await node.stop()
            await self._bring_back(node, 0)

    async def _freeze(self) -> None:
        node = await self._victim()
        if node is not None:
            seconds = self._random.choice([self._random.uniform(0.3, 3), self._random.uniform(4.5, 8)])
            self._note(f"freeze {node.name} for {seconds:.1f} s")
            node.freeze()
            await asyncio.sleep(seconds)
            node.thaw()
            self._note(f"thaw {node.name}")
            self._absent.discard(node)

    async def _victim(self) -> Node | None:
        """Return a node that may be lost now; None when only one is left. Nothing waits between this and the loss."""
        await self._calm.wait()
        present = [node for node in self._cluster.nodes if node not in self._absent]
        if len(present) < 2:
            return None
        node = self._random.choice(present)
        self._absent.add(node)
        return node

    async def _bring_back(self, node: Node, pause: float) -> None:
        await asyncio.sleep(pause)
        await node.start()
        self._note(f"{node.name} is back")
        self._absent.discard(node)

    async def _cut(self) -> None:
        line, name = self._line(self._cluster.entrances)
        self._note(f"cut {name}")
        line.cut()

    async def _lose_replies(self) -> None:
        line, name = self._line()
        count = self._random.choice([1, self._random.randrange(1, 3_000)])
        self._note(f"lose {count} B of replies on {name}")
        line.lose_replies(count)
        await asyncio.sleep(_LOSING_SECONDS)
        line.lose_replies(0)

    async def _silence(self) -> None:
        await self._calm.wait()
        line, name = self._line()
        seconds = self._random.uniform(0.2, 1.5)
        self._note(f"silence {name} for {seconds:.1f} s")
        line.silent = True
        await asyncio.sleep(seconds)
        line.silent = False

    async def _delay(self) -> None:
        line, name = self._line()
        line.delay = self._random.uniform(0.005, 0.1)
        self._note(f"delay {name} by {line.delay * 1000:.0f} ms")
        await asyncio.sleep(self._random.uniform(0.5, 2))
        line.delay = 0.0

    def _line(self, more: Sequence[FaultProxy] = ()) -> tuple[FaultProxy, str]:
        lines = [(line, f"an entrance ({line.port})") for line in (*more, *self._cluster.entrances)]
        for node in self._cluster.nodes:
            lines += [(node.postgres, f"{node.name} – Postgres"), (node.valkey, f"{node.name} – Valkey")]
        return self._random.choice(lines)

    async def _restart_postgres(self) -> None:
        way = self._random.choice([self._cluster.postgres.kill, self._cluster.postgres.stop])
        self._note(f"{way.__name__} Postgres")
        await way()
        await asyncio.sleep(self._random.choice([0.0, self._random.uniform(0, 4)]))
        await self._cluster.postgres.start()
        self._note("Postgres is back")

    async def _restart_valkey(self) -> None:
        await self._without_valkey(self._random.choice([0.0, self._random.uniform(0, 0.5)]))

    async def _long_outage(self) -> None:
        await self._without_valkey(_LONG_OUTAGE_SECONDS)

    async def _without_valkey(self, seconds: float) -> None:
        self._calm.clear()
        if self._forgetful:
            await self._everybody_makes_what_is_its_own()
        way = self._random.choice([self._cluster.valkey.kill, self._cluster.valkey.stop])
        self._note(f"{way.__name__} Valkey for {seconds:.1f} s")
        await way()
        await asyncio.sleep(seconds)
        await self._cluster.valkey.start()
        self._note("Valkey is back")
        await asyncio.sleep(_MENDING_SECONDS)
        self._calm.set()

    async def _everybody_makes_what_is_its_own(self) -> None:
        """Wait until no run is without its maker, who alone can write its log again."""
        while self._absent:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.sleep(_TAKEN_OVER_SECONDS)

    def _note(self, fault: str) -> None:
        self._history.faults.append((asyncio.get_running_loop().time(), fault))
