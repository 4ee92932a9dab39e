"""What `onelast backup` says."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from application.backups.rehearse_restore import Rehearsal
from application.backups.restore_backup import RestoredPart
from application.backups.stock import Stock, told_segments
from application.ports.recovery import CheckedPart


def about_stock(stock: Stock, now: datetime) -> Iterator[str]:
    """Yield lines about what is stored of a server."""
    newest = stock.backups[-1]
    holds = ", ".join(holding.part for holding in newest.server.holdings)
    yield f"{stock.label} (system id {stock.system_id}): PostgreSQL {newest.server.version // 10_000}, holds {holds}"
    for backup in stock.backups:
        yield f"  {backup.name}  whole at {backup.ended_at:%Y-%m-%d %H:%M:%S} UTC  {megabytes(backup.size)}"
    stored = sum(one.size for one in stock.wal.objects.values())
    yield f"  log: {len(stock.wal.segments())} segments, {megabytes(stored)} as stored"
    behind = (now - stock.latest).total_seconds()
    yield f"  can be restored to {stock.latest.isoformat()} ({_duration(behind)} ago), if the server were lost now"
    if gaps := stock.gaps(stock.backups[0]):
        yield f"  BAD  the log has a gap: {told_segments(gaps, stock.wal.segment_bytes)} missing"


def about_restored(part: RestoredPart, folder: Path) -> Iterator[str]:
    """Yield lines about a restored server, and how to start it."""
    server = part.backup.server
    last = f"its last commit is of {part.last_commit.isoformat()}" if part.last_commit else "no commit came after the base backup"
    yield f"{server.label}: restored to {part.moment.isoformat()} from {part.backup.name}; {last}."
    if server.embedded:
        yield f"  Start it:  ONELAST_DATA_DIR={folder} onelast up"
    else:
        yield f"  The data are in {folder / 'postgres'}: start PostgreSQL {server.version // 10_000} there with your settings,"
        yield "  and let ONELAST_CATALOG_DSN or ONELAST_SHARD_DSNS name it."


def about_rehearsal(found: Rehearsal) -> Iterator[str]:
    """Yield lines about a drill."""
    for one in found.servers:
        yield f"{one.backup.server.label}: from {one.backup.name}, {megabytes(one.backup.size)} of data"
        yield f"  recovery point: {one.lost_seconds:.1f} s of writes would have been lost"
        yield f"  recovery time: {one.recovery_seconds:.1f} s until it took writes again"
        yield from (_told(part) for part in one.parts)
    yield "all together:"
    yield _told(found.together)


def _told(part: CheckedPart) -> str:
    return f"  {'ok ' if part.ok else 'BAD'}  {part.name}: {part.text}"


def megabytes(size: int) -> str:
    """Return a size in MB."""
    return f"{size / 1e6:,.1f} MB"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
