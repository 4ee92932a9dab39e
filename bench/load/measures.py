"""What the servers count about themselves: /metrics of every serving process, and the database's transactions."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from bench.client import fetch
from bench.load.stage import Stage
from bench.wire import request

_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Counted:
    """Sums over all serving processes: hits and misses by layer, pool figures by name; and the database's commits."""

    cache: Mapping[str, float]
    pool: Mapping[str, float]
    transactions: int
    shed: float

    def since(self, before: "Counted", messages: int) -> dict[str, object]:
        """Return what happened since, per message where that tells more."""
        pool = {name: value - before.pool.get(name, 0) for name, value in self.pool.items() if name not in _STANDING}
        return {
            "cache_hit_ratio": _ratios({name: value - before.cache.get(name, 0) for name, value in self.cache.items()}),
            "pool": pool | {name: self.pool.get(name, 0) for name in _STANDING},
            "transactions": self.transactions - before.transactions,
            "transactions_per_message": (self.transactions - before.transactions) / messages if messages else None,
            "shed": self.shed - before.shed,
        }


_STANDING: Final = ("size", "open", "busy", "waiting")


async def count(stage: Stage) -> Counted:
    """Ask all of them now."""
    cache: dict[str, float] = defaultdict(float)
    pool: dict[str, float] = defaultdict(float)
    shed = 0.0
    for port in stage.nodes:
        (answer,) = await fetch(port, [request("GET", "/metrics")])
        for name, labels, value in _SAMPLE.findall(answer.body.decode()):
            named = dict(_LABEL.findall(labels))
            if name == "onelast_cache_operations_total":
                cache[f"{named['layer']} {named['outcome']}"] += float(value)
            elif name.startswith("onelast_pool_") and "bucket" not in name and not name.endswith("_created"):
                pool[name.removeprefix("onelast_pool_").removesuffix("_total")] += float(value)
            elif name == "onelast_shed_requests_total":
                shed += float(value)
    return Counted(dict(cache), dict(pool), await _transactions(stage.dsn), shed)


async def _transactions(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        done = await connection.fetchval(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(done)
    finally:
        await connection.close()


def _ratios(counts: Mapping[str, float]) -> dict[str, float]:
    """Return the share of hits by layer, of what was asked of it and found or not."""
    layers = {name.split(" ", 1)[0] for name in counts}
    found = {layer: (counts.get(f"{layer} hit", 0.0), counts.get(f"{layer} miss", 0.0)) for layer in sorted(layers)}
    return {layer: hits / (hits + misses) for layer, (hits, misses) in found.items() if hits + misses}
