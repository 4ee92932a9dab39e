"""One serving process that can be killed, frozen, cut off and started again."""

import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress

from tests.support.fault_proxy import FaultProxy
from tests.support.processes import ONELAST, Program, running

_READY = "serving on "
_MOST_STARTS = 20


class Node:
    """`onelast serve` on a port that stays its own, with proxies of its own before Postgres and Valkey."""

    def __init__(self, name: str, port: int, settings: Mapping[str, str], postgres: FaultProxy, valkey: FaultProxy) -> None:
        self.name, self.port, self.postgres, self.valkey = name, port, postgres, valkey
        self.frozen = False
        self.log = ""
        self._settings = settings
        self._stack = AsyncExitStack()
        self._program: Program | None = None

    @property
    def serving(self) -> bool:
        """Whether the process runs and is not frozen."""
        return self._program is not None and self._program.running and not self.frozen

    async def start(self) -> None:
        """Start the process, and return when it serves; when it ends at once, as without a database, start it again."""
        for _ in range(_MOST_STARTS):
            self._program = await self._stack.enter_async_context(running(ONELAST, "serve", environment=self._settings))
            with suppress(AssertionError):
                return await self._program.says(_READY, within=60)
            await self.clear_away()
        raise AssertionError(f"{self.name} does not start:\n{self.log}")

    async def kill(self) -> None:
        """End the process as the loss of its machine would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask the process to end, and wait until it has."""
        await self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop the process where it stands."""
        self.frozen = True
        self._running_program().send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process go on as if nothing had happened."""
        self._running_program().send(signal.SIGCONT)
        self.frozen = False

    async def clear_away(self) -> None:
        """Leave nothing of the process but its log."""
        if self._program is not None:
            self.log += self._program.err
            self._program = None
        self.frozen = False
        await self._stack.aclose()

    async def _end(self, number: signal.Signals) -> None:
        ended = await self._running_program().end(number, within=30)
        self.log += f"--- ended with {ended.status}\n"
        await self.clear_away()

    def _running_program(self) -> Program:
        assert self._program is not None, f"{self.name} does not run"
        return self._program
