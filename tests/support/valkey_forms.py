"""Valkey in its three forms, with the configuration that operators are given; masters are killed, and replaced by themselves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any, Protocol

from redis import Redis as SyncRedis
from redis.asyncio import Redis, RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.support.processes import REPOSITORY
from tests.support.valkey_process import ValkeyProcess, free_port

_CONFIGURATION = REPOSITORY / "docker/valkey"
_SLOTS = 16_384


class ValkeyForm(Protocol):
    """Servers under one address."""

    url: str

    def masters(self) -> list[ValkeyProcess]:
        """Return the servers that take writes."""

    def master_of(self, key: str) -> ValkeyProcess:
        """Return the server that has a key."""

    def mend(self, killed: ValkeyProcess) -> None:
        """Start a server that was killed or stopped, as somebody else's replica, and return when all is whole."""


class OneValkey(ValkeyForm):
    """A server alone."""

    def __init__(self, server: ValkeyProcess) -> None:
        self.url, self._server = server.url, server

    def masters(self) -> list[ValkeyProcess]:
        return [self._server]

    def master_of(self, key: str) -> ValkeyProcess:
        return self._server

    def mend(self, killed: ValkeyProcess) -> None:
        killed.start()


class SentinelValkey(ValkeyForm):
    """A master and two replicas, watched by three sentinels."""

    def __init__(self, servers: list[ValkeyProcess], sentinels: list[ValkeyProcess]) -> None:
        self._servers, self._sentinels = servers, sentinels
        self.url = f"redis+sentinel://{_hosts(sentinels)}/onelast/0"

    def masters(self) -> list[ValkeyProcess]:
        ports = set()
        for sentinel in self._sentinels:
            with sentinel.client() as client:
                ports.add(client.sentinel_master("onelast")["port"])
        return [server for server in self._servers if server.port in ports]

    def master_of(self, key: str) -> ValkeyProcess:
        _until(lambda: len(self.masters()) == 1)
        return self.masters()[0]

    def mend(self, killed: ValkeyProcess) -> None:
        killed.start()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Return when the sentinels know each other and the replicas, and the replicas follow."""
        for sentinel in self._sentinels:
            with sentinel.client() as client:
                _until(lambda client=client: _watched(client.sentinel_master("onelast")))
        master = self.master_of("")
        with master.client() as client:
            _until(lambda: len(_online(client)) == 2, lambda: self._follow(master))

    def _follow(self, master: ValkeyProcess) -> None:
        """Have a server that came back as a master follow: the sentinels wait ten seconds before they do it."""
        for server in self._servers:
            with suppress(RedisError), server.client() as client:
                if server is not master and client.info("replication")["role"] == "master":
                    client.replicaof("127.0.0.1", master.port)


class ClusterValkey(ValkeyForm):
    """Three masters and a replica of each."""

    def __init__(self, servers: list[ValkeyProcess]) -> None:
        self._servers = servers
        self.url = f"redis+cluster://{_hosts(servers[:3])}"

    def masters(self) -> list[ValkeyProcess]:
        found = set(self._ports_by_slot().values())
        return [server for server in self._servers if server.port in found]

    def master_of(self, key: str) -> ValkeyProcess:
        port = self._ports_by_slot()[key_slot(key.encode())]
        return next(server for server in self._servers if server.port == port)

    def mend(self, killed: ValkeyProcess) -> None:
        killed.start()
        self.wait_until_whole()

    def make(self) -> None:
        """Make a cluster of the servers."""
        clients = [server.client() for server in self._servers]
        bounds = [0, _SLOTS // 3, 2 * _SLOTS // 3, _SLOTS]
        for number, client in enumerate(clients[:3]):
            client.execute_command("CLUSTER ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for server, client in zip(self._servers[1:], clients[1:], strict=True):
            bus = int(client.config_get("cluster-port")["cluster-port"])
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", server.port, bus)
        for replica, master in zip(clients[3:], clients, strict=False):
            _until(lambda replica=replica, master=master: _replicates(replica, master))
        for client in clients:
            client.close()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Return when all servers agree that all slots are served, and each master has a replica that follows."""
        for server in self._servers:
            with server.client() as client:
                _until(lambda client=client: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
                _until(lambda client=client: _linked(client))

    def _ports_by_slot(self) -> dict[int, int]:
        for server in self._servers:
            with suppress(RedisError), server.client() as client:
                found = client.execute_command("CLUSTER SLOTS")
                return {slot: master[1] for first, last, master, *_ in found for slot in range(first, last + 1)}
        raise AssertionError("no server of the cluster lives")


@contextmanager
def one_valkey(folder: Path) -> Iterator[OneValkey]:
    """Run a server alone."""
    server = ValkeyProcess(folder)
    try:
        yield OneValkey(server)
    finally:
        server.kill()


@contextmanager
def sentinel_valkey(folder: Path) -> Iterator[SentinelValkey]:
    """Run a master, two replicas and three sentinels, who miss a master after half a second."""
    started: list[ValkeyProcess] = []
    start = _starter(folder, started)
    try:
        settings = "appendonly no\nrepl-ping-replica-period 1\n"
        master = start("server.conf", settings)
        servers = [master, *(start("server.conf", f"{settings}replicaof 127.0.0.1 {master.port}\n") for _ in range(2))]
        watched = (
            f"sentinel monitor onelast 127.0.0.1 {master.port} 2\n"
            "sentinel down-after-milliseconds onelast 500\nsentinel failover-timeout onelast 1000\n"
        )
        sentinels = [start("sentinel.conf", watched, "--sentinel") for _ in range(3)]
        form = SentinelValkey(servers, sentinels)
        form.wait_until_whole()
        yield form
    finally:
        for server in started:
            server.kill()


@contextmanager
def cluster_valkey(folder: Path) -> Iterator[ClusterValkey]:
    """Run three masters and three replicas, which replace a master that is silent for a second."""
    started: list[ValkeyProcess] = []
    start = _starter(folder, started)
    try:
        settings = "appendonly no\ncluster-node-timeout 1000\n"
        form = ClusterValkey([start("cluster.conf", f"{settings}cluster-port {free_port()}\n") for _ in range(6)])
        form.make()
        yield form
    finally:
        for server in started:
            server.kill()


FORMS = {"one": one_valkey, "sentinels": sentinel_valkey, "cluster": cluster_valkey}


def _starter(folder: Path, started: list[ValkeyProcess]) -> Callable[..., ValkeyProcess]:
    numbers = count(1)

    def start(configuration: str, settings: str, *options: str) -> ValkeyProcess:
        own = folder / f"server-{next(numbers)}"
        own.mkdir()
        copy = own / configuration
        copy.write_text((_CONFIGURATION / configuration).read_text() + settings)
        started.append(ValkeyProcess(own, str(copy), *options))
        return started[-1]

    return start


def client_of(url: str) -> Any:
    """Return redis-py's client of servers of any form, to look into them."""
    if url.startswith("redis+cluster://"):
        return RedisCluster.from_url(url.split(",", maxsplit=1)[0].replace("redis+cluster", "redis"))
    if url.startswith("redis+sentinel://"):
        host, _, port = url.removeprefix("redis+sentinel://").partition(",")[0].partition(":")
        with SyncRedis(host=host, port=int(port)) as sentinel:
            master = sentinel.sentinel_master("onelast")
        return Redis(host=master["ip"], port=master["port"])
    return Redis.from_url(url.replace("valkey://", "redis://"))


def _hosts(servers: list[ValkeyProcess]) -> str:
    return ",".join(f"127.0.0.1:{server.port}" for server in servers)


def _until(fulfilled: Callable[[], Any], otherwise: Callable[[], Any] = lambda: None) -> None:
    for _ in range(600):
        with suppress(RedisError):
            if fulfilled():
                return
            otherwise()
        sleep(0.05)
    raise AssertionError("the servers do not come to an agreement")


def _watched(master: Any) -> bool:
    return bool(master["num-other-sentinels"] == 2 and master["num-slaves"] == 2 and not master["is_odown"])


def _online(client: Any) -> list[Any]:
    told = client.info("replication").items()
    return [about for name, about in told if name.startswith("slave") and isinstance(about, dict) and about["state"] == "online"]


def _linked(client: Any) -> bool:
    found = client.info("replication")
    return bool(found.get("master_link_status") == "up" if found["role"] == "slave" else _online(client))


def _replicates(replica: Any, master: Any) -> bool:
    replica.execute_command("CLUSTER REPLICATE", master.execute_command("CLUSTER MYID"))
    return True


class Loss:
    """The loss of the master that has a key; who loses mends in the end."""

    def __init__(self, form: ValkeyForm) -> None:
        self._form, self._key = form, ""
        self._lost: ValkeyProcess | None = None

    def of(self, key: str) -> None:
        """Kill it."""
        self._lost, self._key = self._form.master_of(key), key
        self._lost.kill()

    def replaced(self) -> None:
        """Wait until another server has the key."""
        _until(lambda: self._form.master_of(self._key) is not self._lost)

    def mend(self) -> None:
        """Start it again when it was replaced, if one was killed."""
        if self._lost is not None:
            self.replaced()
            self._form.mend(self._lost)
