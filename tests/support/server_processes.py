"""All processes of a PostgreSQL, to be frozen and killed together."""

import signal
from pathlib import Path

import psutil


def processes_of(data: Path) -> list[psutil.Process]:
    """Return the postmaster of a folder of data, and its children."""
    postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    return [postmaster, *postmaster.children(recursive=True)]


class Frozen:
    """Processes that stand still until they are let go: their connections stay open and nothing answers."""

    def __init__(self) -> None:
        self._processes: list[psutil.Process] = []

    def freeze(self, data: Path) -> None:
        """Stop all processes of the server on this folder."""
        self._processes = processes_of(data)
        for process in self._processes:
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
        self._processes = []
