import pytest

from adapters.memory.notifier import MemoryNotifier
from application.ports.notifier import Notifier
from tests.contracts.ports.notifier import Delivered, NotifierSuite


class TestMemoryNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return MemoryNotifier()

    @pytest.fixture
    def delivered(self, notifier: MemoryNotifier) -> Delivered:
        return lambda: [(one.to, one.subject, one.text) for one in notifier.letters]
