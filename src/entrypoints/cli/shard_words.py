"""What is told of shards, in lines."""

from collections.abc import Sequence

from domain.shared.bucket_move import buckets_text
from domain.shared.rebalancing import Relocation
from entrypoints.cli.columns import columns
from entrypoints.ioc.shard_status import Balance, ShardStatus, Status

_MEGABYTE = 1_000_000


def about_status(status: Status) -> list[str]:
    """Return a table of the shards, and a sentence about the map, each node that lags, and the open move."""
    table = columns([("shard", "buckets", "rows", "size", "nodes"), *map(_row, status.shards)])
    lines = [*table, f"The shard map is at version {status.map_version}."]
    nodes = {node.id: node for shard in status.shards for node in shard.nodes}
    lines += [
        f"Node {node.id} goes by version {node.map_version} and knows {node.shards} shards." for _, node in sorted(nodes.items())
    ]
    if status.move is not None:
        moved = f"{buckets_text(tuple(status.move.buckets))} from shard {status.move.source} to shard {status.move.target}"
        who = "somebody is" if status.move.running else "nobody is"
        advice = "" if status.move.running else ": `onelast shards resume` or `abort`"
        lines.append(f"A move of {moved} is open, in phase {status.move.phase}; {who} at work on it{advice}.")
    return lines


def about_balance(balance: Balance) -> list[str]:
    """Return a table of what the shards carry before and after, and what moves."""
    rows = [
        (str(shard), _amount(balance, before), _amount(balance, after))
        for shard, (before, after) in enumerate(zip(balance.before, balance.after, strict=True))
    ]
    if not balance.plan:
        return [*columns([("shard", "now", "then"), *rows]), "The shards are even; nothing moves."]
    return [*columns([("shard", "now", "then"), *rows]), *_told(balance.plan)]


def _amount(balance: Balance, load: float) -> str:
    return f"{load:.0f} rows" if balance.measure == "rows" else f"{load / _MEGABYTE:.1f} MB"


def _told(plan: Sequence[Relocation]) -> list[str]:
    return [
        f"{len(one.buckets)} of the buckets go from shard {one.source} to shard {one.target}: {buckets_text(one.buckets)}."
        for one in plan
    ]


def _row(shard: ShardStatus) -> tuple[str, ...]:
    about = "about " if shard.rows_estimated else ""
    return (
        str(shard.shard), str(shard.buckets), f"{about}{shard.rows}", f"{shard.bytes / _MEGABYTE:.1f} MB", str(len(shard.nodes)),
    )
