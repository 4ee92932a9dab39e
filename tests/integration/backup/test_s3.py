"""Backups in a bucket, over a server that speaks S3 (moto's)."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from adapters.blobs.object_storage import bucket_storage
from adapters.embedded.child import free_port
from application.ports.backup_storage import BackupStorage
from domain.backups.problems import TargetAway
from tests.contracts.ports.backup_storage import BackupStorageSuite, pieces
from tests.integration.backup.rig import Rig, restored_texts
from tests.support.processes import run_onelast, running, until

LOGIN = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "anything", "AWS_REGION": "eu-central-1"}


@pytest.fixture(scope="module")
async def endpoint() -> AsyncIterator[str]:
    """The address of a server that speaks S3."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with running(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)), httpx.AsyncClient() as http:
        async def answers() -> bool:
            try:
                return (await http.get(url)).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers)
        yield url


@pytest.fixture
async def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, and the credentials in the environment."""
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    name = f"backups-{uuid4().hex}"
    async with httpx.AsyncClient() as http:
        (await http.put(f"{endpoint}/{name}")).raise_for_status()
    return name


class TestBucketStorage(BackupStorageSuite):
    """Objects in a bucket, under a prefix."""

    @pytest.fixture
    def storage(self, bucket: str, endpoint: str) -> BackupStorage:
        return bucket_storage(f"s3://{bucket}/some/prefix", endpoint)


async def test_a_bucket_that_does_not_exist_is_named(bucket: str, endpoint: str) -> None:
    with pytest.raises(TargetAway, match="s3://no-such-bucket/x"):
        await bucket_storage("s3://no-such-bucket/x", endpoint).put("name", pieces(b"content"))


async def test_a_server_is_backed_up_into_a_bucket_and_restored_from_it(
    rig: Rig, bucket: str, endpoint: str, tmp_path: Path
) -> None:
    remote = rig.having(ONELAST_BACKUP_TARGET=f"s3://{bucket}/onelast", ONELAST_BACKUP_S3_ENDPOINT=endpoint)
    await remote.create()
    (backup,) = await remote.backups.archive.backups()
    async with remote.shipping():
        await rig.note("in the bucket")
        wanted = await rig.now()

        async def stored() -> bool:
            covered = await remote.backups.archive.covered(backup.server.system_id)
            return covered is not None and covered.at >= wanted

        await until(stored)
    ended = await run_onelast("backup", "restore", "--to", str(tmp_path / "restored"), environment=remote.environment)
    assert ended.status == 0, ended.err
    async with restored_texts(tmp_path / "restored") as texts:
        assert texts == {"in the bucket"}
