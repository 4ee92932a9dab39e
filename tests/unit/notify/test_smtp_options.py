from collections.abc import Mapping

import pytest

from adapters.notify.smtp import open_notifier

GOOD = {"host": "mail.example", "from": "chat@example.org"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"from": "chat@example.org"}, "ONELAST_NOTIFIER_HOST is not set"),
        ({"host": "mail.example"}, "ONELAST_NOTIFIER_FROM is not set"),
        ({**GOOD, "from": "no address"}, "ONELAST_NOTIFIER_FROM must be an e-mail address"),
        ({**GOOD, "port": "70000"}, "ONELAST_NOTIFIER_PORT must be"),
        ({**GOOD, "security": "ssl"}, "ONELAST_NOTIFIER_SECURITY must be"),
        ({**GOOD, "user": "chat"}, "ONELAST_NOTIFIER_PASSWORD must be set"),
        ({**GOOD, "password": "x"}, "ONELAST_NOTIFIER_USER must be set"),
        ({**GOOD, "user": "chat", "password": "x", "security": "none"}, "ONELAST_NOTIFIER_SECURITY must be starttls or tls"),
        ({**GOOD, "colour": "blue"}, "ONELAST_NOTIFIER_COLOUR is not a setting"),
    ],
)
def test_a_wrong_option_is_named(options: Mapping[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        open_notifier(options)


def test_a_password_may_go_bare_to_this_machine() -> None:
    open_notifier({**GOOD, "host": "localhost", "user": "chat", "password": "x", "security": "none"})
