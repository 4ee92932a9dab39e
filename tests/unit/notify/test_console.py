import pytest

from adapters.notify.console import open_notifier
from application.ports.notifier import Notifier
from tests.contracts.ports.notifier import Delivered, NotifierSuite


class TestConsoleNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return open_notifier({})

    @pytest.fixture
    def delivered(self, caplog: pytest.LogCaptureFixture) -> Delivered:
        return lambda: [(one.to, one.subject, one.letter) for one in caplog.records if hasattr(one, "letter")]


def test_it_has_no_options() -> None:
    with pytest.raises(ValueError, match="ONELAST_NOTIFIER_HOST is not a setting"):
        open_notifier({"host": "mail.example"})
