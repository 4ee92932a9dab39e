"""The storages that need no server."""

from pathlib import Path

import pytest
from obstore.store import MemoryStore

from adapters.blobs.object_storage import FolderStorage, ObjectStorage
from adapters.blobs.sealed_storage import SealedStorage
from application.ports.backup_storage import BackupStorage
from tests.contracts.ports.backup_storage import BackupStorageSuite


class TestMemoryStorage(BackupStorageSuite):
    """Objects in memory."""

    @pytest.fixture
    def storage(self) -> BackupStorage:
        return ObjectStorage(MemoryStore(), "memory")


class TestFolderStorage(BackupStorageSuite):
    """Objects in a folder."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> BackupStorage:
        return FolderStorage(tmp_path / "target")


class TestSealedStorage(BackupStorageSuite):
    """Encrypted objects."""

    @pytest.fixture
    def storage(self) -> BackupStorage:
        return SealedStorage(ObjectStorage(MemoryStore(), "memory"), bytes(32))
