"""`onelast` as a fork of a process that has it imported, to be waited for as any other process."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

_REPOSITORY = Path(__file__).parents[2]
TIED_TO_US = ("setpriv", "--pdeathsig", "KILL")


class Forked:
    """A program that was forked; it is waited for over a line, for it is another process's child."""

    def __init__(self, pid: int, line: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._end(line, writer))

    async def wait(self) -> int:
        """Return its exit status when it has ended."""
        return await asyncio.shield(self._ended)

    async def _end(self, line: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        self.returncode = int(await line.readline() or -signal.SIGKILL)
        writer.close()
        return self.returncode


async def fork(arguments: Sequence[str], environment: Mapping[str, str], out: BinaryIO, err: BinaryIO) -> Forked:
    """Start `onelast` with these arguments and nothing but this environment."""
    ours, theirs = socket.socketpair()
    with theirs:
        request = json.dumps({"arguments": arguments, "environment": environment}).encode()
        socket.send_fds(_server(), [request], [out.fileno(), err.fileno(), theirs.fileno()])
    line, writer = await asyncio.open_connection(sock=ours)
    return Forked(int(await line.readline()), line, writer)


@cache
def _server() -> socket.socket:
    """Return the line to this process's server, which is started when it is first needed and ends with us."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = (*TIED_TO_US, sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno()))
        _servers.append(subprocess.Popen(command, cwd=_REPOSITORY, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL))
    return ours


_servers: list["subprocess.Popen[bytes]"] = []
