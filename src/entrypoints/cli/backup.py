"""`onelast backup`: base backups, restore to a point in time, and the drill."""

import asyncio
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click

from application.backups.restore_backup import RestoreBackupCommand
from domain.backups.base import BaseBackup
from domain.backups.problems import BackupProblem
from entrypoints.cli.backup_words import about_rehearsal, about_restored, about_stock, megabytes
from entrypoints.ioc.backup import Backups, backups, folder_name, write_key
from entrypoints.problems import OperatorProblem
from entrypoints.settings import read_settings

T = TypeVar("T")
_of_server = click.option("--server", metavar="NAME", help="Only this server: a name or a system id of `onelast backup list`.")


class Moment(click.ParamType[datetime | None]):
    """A point in time with its offset from UTC, or `latest`."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime | None:
        """Return the moment, None for `latest`."""
        if value == "latest":
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither `latest` nor a time like 2026-10-24T13:05:00Z.", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} lacks the offset from UTC: {value}Z or {value}+02:00?", param, ctx)
        return moment.astimezone(UTC)


@click.group()
def backup() -> None:
    """Back up every database server, and bring it back."""


@backup.command()
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make a new key file. Keep a copy far from the backups: without it nobody can read them."""
    write_key(file)
    click.echo(f"A new key is in {file}; keep a copy of it elsewhere.")


@backup.command()
def create() -> None:
    """Make a base backup of every server now, and remove what is no longer kept."""
    for made in _run(_create(_backups())):
        click.echo(f"{made.server.label}: {made.name}, {megabytes(made.size)} of data")


@backup.command(name="list")
def list_() -> None:
    """Tell what is stored, and to which moment each server can be restored."""
    now = datetime.now(UTC)
    for stock in _run(_backups().list().execute()):
        click.echo("\n".join(about_stock(stock, now)))


@backup.command()
@click.option("--to", "root", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@click.option("--at", type=Moment(), default="latest", show_default=True, help="The moment: 2026-10-24T13:05:00Z, or latest.")
@_of_server
def restore(root: Path, at: datetime | None, server: str | None) -> None:
    """Restore all servers, or one, to one moment; what runs is not touched."""
    root = root.expanduser().resolve()
    command = RestoreBackupCommand(at, server)
    for part in _run(_backups().restore(root).execute(command)):
        click.echo("\n".join(about_restored(part, root / folder_name(part.backup.server.label))))


@backup.command()
@click.option("--all", "every", is_flag=True, help="All base backups and not only the newest.")
@_of_server
def verify(every: bool, server: str | None) -> None:
    """Read backups back, all of them, and name each fault; exit with 1 if there is one."""
    found, now = _run(_backups().verify().execute(server, every=every)), datetime.now(UTC)
    for one in found:
        faults = one.faults
        click.echo("\n".join(about_stock(one.stock, now)))
        click.echo(f"  read {len(one.read)} base backups and {one.segments} segments of the log: {len(faults) or 'no'} faults")
        click.echo("".join(f"  BAD  {fault}\n" for fault in faults), nl=False)
    sys.exit(1 if any(one.faults for one in found) else 0)


@backup.command()
@_of_server
@click.option("--in", "parent", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Where there is room for it.")
def drill(server: str | None, parent: Path | None) -> None:
    """Restore the newest backup to a temporary place, look at it, measure, and remove it; exit with 1 if something is wrong."""
    with TemporaryDirectory(prefix="onelast-drill-", dir=parent) as folder:
        found = _run(_backups().rehearse(Path(folder).resolve()).execute(server))
    click.echo("\n".join(about_rehearsal(found)))
    sys.exit(0 if found.ok else 1)


async def _create(found: Backups) -> list[BaseBackup]:
    made = []
    for source in await found.sources():
        made.append(await found.create().execute(source))
        await found.expire().execute(made[-1].server.system_id)
    return made


def _backups() -> Backups:
    return backups(read_settings())


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except BackupProblem as problem:
        raise OperatorProblem(str(problem)) from problem
