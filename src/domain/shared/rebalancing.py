"""Which buckets to move so that all shards carry about the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# Shards that differ by less than this part of their mean are even enough: the rest is not worth a move.
TOLERANCE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Relocation:
    """Buckets that go from one shard to another, in order."""

    source: int
    target: int
    buckets: tuple[int, ...]


def plan_relocations(
    shards: Sequence[int], weights: Sequence[float], count: int, *, fixed: Collection[int] = (), tolerance: float = TOLERANCE
) -> tuple[Relocation, ...]:
    """Return what makes `count` shards even; `shards[bucket]` holds the bucket, `weights[bucket]` is what it weighs.

    Each step goes from the fullest shard to the emptiest and carries what brings the two closest together, the heaviest buckets
    first, so few move, none twice. In the end two shards differ by no more than `tolerance` of the mean or the lightest bucket
    that could still go; `fixed` buckets stay.
    """
    homes, loads = _homes(shards, weights, fixed, count), _loads(shards, weights, count)
    allowed = tolerance * sum(loads) / count
    gone: dict[tuple[int, int], list[int]] = {}
    while True:
        pair = _step(homes, loads, weights, allowed)
        if pair is None:
            return tuple(Relocation(*key, tuple(sorted(buckets))) for key, buckets in sorted(gone.items()))
        source, target, bucket = pair
        homes[source].remove(bucket)
        loads[source] -= weights[bucket]
        loads[target] += weights[bucket]
        gone.setdefault((source, target), []).append(bucket)


def loads_after(shards: Sequence[int], weights: Sequence[float], count: int, plan: Sequence[Relocation]) -> list[float]:
    """Return what each shard carries when the plan is carried out."""
    moved: Mapping[int, int] = {bucket: one.target for one in plan for bucket in one.buckets}
    return _loads([moved.get(bucket, holder) for bucket, holder in enumerate(shards)], weights, count)


def _homes(shards: Sequence[int], weights: Sequence[float], fixed: Collection[int], count: int) -> list[list[int]]:
    """Return the buckets of each shard that may go, the lightest first."""
    order = sorted((bucket for bucket in range(len(shards)) if weights[bucket] > 0), key=lambda bucket: (weights[bucket], bucket))
    stay = frozenset(fixed)
    return [[bucket for bucket in order if shards[bucket] == shard and bucket not in stay] for shard in range(count)]


def _loads(shards: Sequence[int], weights: Sequence[float], count: int) -> list[float]:
    loads = [0.0] * count
    for bucket, shard in enumerate(shards):
        loads[shard] += weights[bucket]
    return loads


def _step(
    homes: Sequence[Sequence[int]], loads: Sequence[float], weights: Sequence[float], allowed: float
) -> tuple[int, int, int] | None:
    """Return the next bucket with its way, or None when there is nothing left to gain."""
    target = min(range(len(loads)), key=lambda shard: (loads[shard], shard))
    for source in sorted((shard for shard, buckets in enumerate(homes) if buckets), key=lambda shard: (-loads[shard], shard)):
        gap = loads[source] - loads[target]
        if gap <= allowed:
            return None
        bucket = _closing(homes[source], weights, _wanted(loads, source, target), gap)
        if bucket is not None:
            return source, target, bucket
    return None


def _wanted(loads: Sequence[float], source: int, target: int) -> float:
    """Return how much may go without making the one too light or the other too heavy."""
    mean = sum(loads) / len(loads)
    return min(loads[source] - mean, mean - loads[target])


def _closing(buckets: Sequence[int], weights: Sequence[float], wanted: float, gap: float) -> int | None:
    """Return the heaviest bucket that fits, else the lightest one if it brings the two closer together at all."""
    fitting = [bucket for bucket in buckets if weights[bucket] <= wanted]
    if fitting:
        return fitting[-1]
    return buckets[0] if weights[buckets[0]] < gap else None
