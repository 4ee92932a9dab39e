"""A process that has imported the whole command line once; each `onelast` that is asked for is a fork of it.

An interpreter and its imports cost a second of work each time, and are the same each time. The fork has an environment, a
session and files of its own, and ends as any process does.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from entrypoints.cli import main

_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_MOST_BYTES = 1 << 20
_FILES = 3


def _import_all() -> None:
    """Have everything that any command imports, in memory that forks share."""
    gc.disable()
    for name in main.commands.list_commands(main.commands.make_context("onelast", [], resilient_parsing=True)):
        import_module(f"entrypoints.cli.{name}")
    sys.path.remove(str(Path.cwd()))
    gc.freeze()
    gc.enable()


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be started, and the files for it: output, errors and the line to who asked."""

    arguments: list[str]
    environment: dict[str, str]
    files: list[int]


def _asked(requests: socket.socket) -> Request | None:
    """Return what is asked for; None in the end."""
    text, files, *_ = socket.recv_fds(requests, _MOST_BYTES, _FILES)
    return Request(**json.loads(text), files=files) if text else None


def _become(wanted: Request) -> None:
    """Make the fork what a program is that was started afresh."""
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out, err, _line = wanted.files
    for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    os.closerange(3, max(int(file.name) for file in Path("/proc/self/fd").iterdir()) + 1)
    os.environ.clear()
    os.environ.update(wanted.environment)
    sys.argv = ["onelast", *wanted.arguments]


class _Forks:
    """The programs that run, each with the line over which its end is told."""

    def __init__(self) -> None:
        self._lines: dict[int, int] = {}

    def start(self, out: int, err: int, line: int) -> bool:
        """Start one, and tell its number; True in the fork itself."""
        number = os.fork()
        if number == 0:
            return True
        self._lines[number] = line
        os.write(line, f"{number}\n".encode())
        os.close(out)
        os.close(err)
        return False

    def bury(self) -> None:
        """Tell the end of those that have ended."""
        while self._lines:
            number, status = os.waitpid(-1, os.WNOHANG)
            if number == 0:
                return
            line = self._lines.pop(number)
            with suppress(BrokenPipeError):  # nobody waits for it any more
                os.write(line, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os.close(line)


def _serve(requests: socket.socket) -> Request | None:
    """Start what is asked for until nobody asks any more; what a fork is to become, in the fork."""
    woken, wakes = socket.socketpair()
    with requests, woken, wakes, selectors.DefaultSelector() as selector:
        for end in (woken, wakes):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wakes.fileno())
        for end in (woken, requests):
            selector.register(end, selectors.EVENT_READ)
        return _started(selector, requests, woken)


def _started(selector: selectors.BaseSelector, requests: socket.socket, woken: socket.socket) -> Request | None:
    forks = _Forks()
    while True:
        ready = [key.fileobj for key, _ in selector.select()]
        if woken in ready:
            woken.recv(_MOST_BYTES)
            forks.bury()
        if requests in ready:
            asked = _asked(requests)
            if asked is None or forks.start(*asked.files):
                return asked


if __name__ == "__main__":
    _import_all()
    wanted = _serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        _become(wanted)
        main.main()
