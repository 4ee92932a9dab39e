"""Telling people who are not here."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

from domain.shared.errors import Invalid


class LetterRefused(Invalid):
    """Nobody will ever take this letter: repeating it cannot help."""

    code = "letter_refused"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in plain text to one e-mail address, which may be secret; `id` tells it from all others."""

    id: str
    to: str
    subject: str
    text: str = field(repr=False)


class Notifier(Protocol):
    """Sends letters.

    Whoever makes one is an entry point of the group `onelast.notifiers`, `open_notifier(options: Mapping[str, str]) -> Notifier`:
    the options are the settings ONELAST_NOTIFIER_<NAME> by their lower-case names; a ValueError tells in a sentence which one is
    wrong. Nothing is connected by opening it.
    """

    @abstractmethod
    async def send(self, letter: Letter) -> None:
        """Return when the letter is accepted, within seconds.

        Unavailable means: repeat it later; it may then arrive twice. LetterRefused means: never; nothing was sent.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give back what is held open; the notifier is not used afterwards."""
