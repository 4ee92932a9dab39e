import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.cli.nodes import Node, serving
from tests.integration.failover.members import ETCD, PatroniCluster, patroni_cluster
from tests.support.processes import run_onelast, running
from tests.support.valkey_process import ValkeyProcess


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[PatroniCluster]:
    """Three members under Patroni."""
    if ETCD is None:
        pytest.skip("etcd is not installed (Debian's package etcd-server)")
    with TemporaryDirectory(prefix="onelast-patroni-") as folder:
        async with patroni_cluster(Path(folder)) as members:
            yield members


@pytest.fixture(scope="module")
async def settings(cluster: PatroniCluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """The settings of a deployment on the cluster, migrated."""
    valkey = ValkeyProcess(tmp_path_factory.mktemp("valkey"))
    async with running(sys.executable, "-m", "bench.upstream") as models:
        await models.says("/v1")
        found = {
            "ONELAST_PORT": "0", "ONELAST_CATALOG_DSN": cluster.dsn, "ONELAST_REPLICA_DSNS": f"0={cluster.dsn}",
            "ONELAST_REDIS_URL": valkey.url,
            "ONELAST_UPSTREAM_URL": models.out.strip(), "ONELAST_UPSTREAM_API_KEY": "key-of-the-models",
            "ONELAST_UPSTREAM_MODELS": "scripted-50",
        }
        migrated = await run_onelast("migrate", environment=found)
        assert migrated.status == 0, migrated.out + migrated.err
        yield found
    valkey.kill()


@pytest.fixture(scope="module")
async def node(settings: dict[str, str]) -> AsyncIterator[Node]:
    """A node that is never restarted."""
    async with serving(settings) as found:
        yield found
        assert found.program.running
