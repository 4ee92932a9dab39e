"""Letters go to the log: for who tries the service out, or has not set up mail yet."""

import logging
from collections.abc import Mapping
from email.headerregistry import Address
from typing import Final

from adapters.notify.letters import mail_of
from adapters.notify.options import only
from application.ports.notifier import Letter, Notifier

_SENDER: Final = Address(username="onelast", domain="localhost")
_log = logging.getLogger(__name__)


class ConsoleNotifier(Notifier):
    """Whoever reads the log reads all letters: a server with users needs another notifier."""

    async def send(self, letter: Letter) -> None:
        """Write it down, if it could be sent."""
        mail_of(letter, _SENDER)
        told = {"to": letter.to, "subject": letter.subject, "letter": letter.text}
        _log.warning("a letter, which goes nowhere but here", extra=told)

    async def close(self) -> None:
        """Hold nothing."""


def open_notifier(options: Mapping[str, str]) -> Notifier:
    """Return the notifier; it has no options."""
    only(options)
    return ConsoleNotifier()
