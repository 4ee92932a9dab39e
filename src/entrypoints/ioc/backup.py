"""Backups: the storage that the settings name, the servers to back up, and places to restore them into."""

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from adapters.backup.archive_reading import TarInspector
from adapters.backup.connecting import Address
from adapters.backup.databases import Part, servers_of
from adapters.backup.programs import Programs
from adapters.backup.recovery import PostgresRecoveryPlace
from adapters.backup.source import PostgresBackupSource
from adapters.blobs.cipher import new_key, read_key
from adapters.blobs.object_storage import FolderStorage, bucket_storage
from adapters.blobs.sealed_storage import SealedStorage
from adapters.embedded.cluster import binaries
from adapters.embedded.folder import DataFolder, EmbeddedProblem
from adapters.embedded.ordinary_user import ordinary_user
from adapters.system.clock import SystemClock
from application.backups.archive import Archive
from application.backups.create_backup import CreateBackup
from application.backups.expire_backups import ExpireBackups
from application.backups.list_backups import ListBackups
from application.backups.rehearse_restore import RehearseRestore
from application.backups.restore_backup import RestoreBackup
from application.backups.ship_wal import ShipWal
from application.backups.verify_backup import VerifyBackup
from application.ports.backup_source import BackupSource
from application.ports.recovery import CheckedPart, RecoveryPlace
from domain.backups.problems import BackupProblem
from domain.backups.retention import Retention
from entrypoints.ioc.consistency import CheckOptions, check_consistency
from entrypoints.ioc.located import located
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings, SettingsError
from entrypoints.worker.backing_up import BackupWork, back_up

_SPOOLS: Final = "backup-spools"


@dataclass(frozen=True, slots=True)
class Backups:
    """The use cases over one storage."""

    settings: Settings
    archive: Archive

    async def sources(self) -> Sequence[BackupSource]:
        """Return each database server once; BackupProblem when one cannot be asked which it is."""
        catalog, shards = _databases(self.settings)
        parts = [Part("catalog", catalog), *(Part(f"shard {number}", dsn) for number, dsn in enumerate(shards))]
        programs, spools = _programs()[0], self.settings.data_path / _SPOOLS
        return [
            PostgresBackupSource(Address(server.dsn, server.label), server.holdings, programs, spools)
            for server in await servers_of(parts, self.settings.backup_dsns)
        ]

    def create(self) -> CreateBackup:
        """Return the making of a base backup."""
        return CreateBackup(self.archive)

    def expire(self) -> ExpireBackups:
        """Return the removal of what is no longer kept."""
        return ExpireBackups(self.archive, SystemClock(), Retention.parse(self.settings.backup_keep))

    def ship(self) -> ShipWal:
        """Return the shipping of a log."""
        return ShipWal(self.archive, self.settings.backup_wal_seconds)

    def list(self) -> ListBackups:
        """Return the look at what is stored."""
        return ListBackups(self.archive)

    def verify(self) -> VerifyBackup:
        """Return the reading back."""
        return VerifyBackup(self.archive, TarInspector())

    def restore(self, root: Path) -> RestoreBackup:
        """Return the restore into an empty folder."""
        return RestoreBackup(self.archive, places_in(root))

    def rehearse(self, root: Path) -> RehearseRestore:
        """Return the drill, in a folder of which nothing is left."""
        return RehearseRestore(self.archive, SystemClock(), places_in(root), partial(_consistency, self.settings))


def backups(settings: Settings) -> Backups:
    """Return the use cases; OperatorProblem when no target or no good key is set, or the target cannot be used."""
    target = settings.backup_target
    if target is None:
        raise SettingsError("ONELAST_BACKUP_TARGET is not set; name the folder or the bucket where backups are kept.")
    key = _key(settings)
    try:
        bucket = target.startswith("s3://")
        inner = bucket_storage(target, settings.backup_s3_endpoint) if bucket else FolderStorage(_folder(target))
    except BackupProblem as problem:
        raise OperatorProblem(str(problem)) from problem
    return Backups(settings, Archive(SealedStorage(inner, key)))


def backup_loops(settings: Settings) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    """Return what a worker does for backups: nothing without a target; OperatorProblem when its settings are wrong."""
    if settings.backup_target is None:
        return ()
    found, hours = backups(settings), settings.backup_every
    every = None if hours is None else timedelta(hours=hours)
    return (partial(back_up, BackupWork(found.sources, found.create(), found.expire(), found.ship(), every)),)


def places_in(root: Path) -> Callable[[str], RecoveryPlace]:
    """Return what gives each server a folder of its own under `root`."""

    def place(label: str) -> RecoveryPlace:
        return PostgresRecoveryPlace(root, root / folder_name(label), _programs(), _secret)

    return place


def folder_name(label: str) -> str:
    """Return the name of a server's folder."""
    return label.replace(" ", "-")


async def _consistency(settings: Settings, addresses: Mapping[str, str]) -> CheckedPart:
    """Look through restored databases as `onelast check` does, if the catalog and all shards are there."""
    shards = [addresses.get(f"shard {number}") for number in range(sum(part != "catalog" for part in addresses))]
    if "catalog" not in addresses or not shards or None in shards:
        return CheckedPart("consistency", True, "not looked at: that takes the catalog and all shards")
    there = replace(
        settings, catalog_dsn=addresses["catalog"], shard_dsns=tuple(filter(None, shards)), replica_dsns=(), pooler="none"
    )
    found: list[str] = []
    try:
        report = await check_consistency(there, CheckOptions(at_rest=True), lambda finding: found.append(finding.fault.text))
    except OperatorProblem as problem:
        return CheckedPart("consistency", False, str(problem))
    if report.clean:
        return CheckedPart("consistency", True, f"{report.checked.total()} rows agree")
    return CheckedPart("consistency", False, f"{report.faults} faults: {'; '.join(found[:3])}")


def write_key(file: Path) -> None:
    """Write a new key into a new file that we alone can read; OperatorProblem."""
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OperatorProblem(f"The key file {file} cannot be made ({error.strerror}).") from error
    with os.fdopen(number, "w") as opened:
        opened.write(new_key() + "\n")
        opened.flush()
        os.fsync(number)


def _databases(settings: Settings) -> tuple[str, Sequence[str]]:
    """Return the addresses of the catalog and the shards: those set, else that of the server that `onelast up` runs now."""
    found = located(settings)
    return found.require_catalog(), found.shards


def _key(settings: Settings) -> bytes:
    file = _folder(settings.backup_key_file or "")
    try:
        return read_key(file.read_text())
    except OSError as error:
        raise SettingsError(f"ONELAST_BACKUP_KEY_FILE names a file that cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise SettingsError(f"ONELAST_BACKUP_KEY_FILE names a file that {error}.") from error


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _programs() -> Sequence[Programs]:
    """Return those of the embedded server, if it is installed, and those on the PATH."""
    user = ordinary_user()
    on_path = Programs(None, user.prefix, user.own)
    try:
        return Programs(binaries(), user.prefix, user.own), on_path
    except EmbeddedProblem:
        return (on_path,)


def _secret(folder: Path) -> str:
    """Return the password of an embedded server's folder, made now."""
    data = DataFolder(folder)
    try:
        return data.secret("postgres")
    finally:
        data.release()
