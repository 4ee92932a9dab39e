import pytest

from adapters.memory.run_bell import MemoryRunBell
from application.ports.run_bell import RunBell
from tests.contracts.ports.run_bell import RunBellSuite


class TestMemoryRunBell(RunBellSuite):
    @pytest.fixture
    def bell(self) -> RunBell:
        return MemoryRunBell()

    @pytest.fixture
    def other(self, bell: RunBell) -> RunBell:
        return bell
