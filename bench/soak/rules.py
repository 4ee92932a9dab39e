"""What may grow, and by how much: what is not named here must be level."""

from typing import Final

_MEGABYTE: Final = 1e6
# A turn is a message, its reply and a run. The bytes are those of rows and indexes together, with what vacuum has not yet taken.
_ROWS_A_TURN: Final = {"shard.messages": 2.0, "shard.runs": 1.0, "shard.usage_entries": 1.0}
_BYTES_A_TURN: Final = {"shard.messages": 4_000.0, "shard.runs": 4_000.0, "shard.usage_entries": 2_000.0}
# Postgres' backends map the shared buffers page by page, up to what is set.
_SHARED_BUFFERS: Final = 64 * _MEGABYTE
# Autovacuum's own thresholds: so many dead rows it lets be.
_VACUUM_ROWS, _VACUUM_SHARE = 50.0, 0.2
_SLACK: Final = 1.05


def explained(kind: str, name: str) -> float:
    """Return what a turn may add to this series."""
    if kind == "rows":
        return _ROWS_A_TURN.get(name, 0.0) * _SLACK
    return _BYTES_A_TURN.get(name, 0.0) if kind == "table bytes" else 0.0


def tolerated(kind: str, name: str, base: float, people: int, processes: int, rows: float = 0.0) -> float:
    """Return by how much a series of this level may seem to grow without being a leak.

    `processes` are those that the series sums up, `rows` are the most that the table had.
    """
    tenth, few = 0.1 * base, 0.05 * people
    match kind:
        case "own memory" | "memory":
            shared = _SHARED_BUFFERS if (kind, name) == ("memory", "postgres") else 0.0
            return max(tenth, 10 * _MEGABYTE * processes) + shared
        case "bytes of data" | "table bytes":
            return max(tenth, 8 * _MEGABYTE)
        case "files" | "tasks":
            # A backend of Postgres opens what it touches, as long as it lives.
            return max(few, 10.0 * processes, tenth if name == "postgres" else 0.0)
        case "connections":
            return max(tenth, 10.0)
        case "threads":
            return max(tenth, 4.0 * processes)
        case "keys":
            return max(few, tenth / 2)
        case "rows":
            return max(few, 20.0)
        case "dead rows":
            return max(tenth, few, _VACUUM_ROWS + _VACUUM_SHARE * rows)
        case _:
            return max(tenth, few)
