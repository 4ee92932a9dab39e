"""Letters that are kept."""

from application.ports.notifier import Letter, LetterRefused, Notifier


class MemoryNotifier(Notifier):
    """Keeps all letters, in the order in which they were sent."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        """Keep it."""
        if letter.to.count("@") != 1 or any(mark in letter.to for mark in ' ,<>\r\n') or len(letter.subject.splitlines()) != 1:
            raise LetterRefused("The letter's address or subject cannot be written in a mail.")
        self.letters.append(letter)

    async def close(self) -> None:
        """Hold nothing."""
