"""What every notifier does. The fixtures: `notifier`, and `delivered`, which tells to whom letters came and what they said."""

from collections.abc import Callable, Sequence

import pytest

from application.ports.notifier import Letter, LetterRefused, Notifier

Delivered = Callable[[], Sequence[tuple[str, str, str]]]


def letter(to: str = "ada@example.org", subject: str = "A new password", text: str = "Hello, Ada — open this: é\n") -> Letter:
    return Letter("letter_of_test", to, subject, text)


class NotifierSuite:
    async def test_a_letter_comes_to_whom_it_is_for_as_it_was_written(self, notifier: Notifier, delivered: Delivered) -> None:
        await notifier.send(letter())
        await notifier.send(letter("bob@example.org", "Grüße"))
        assert delivered() == [
            ("ada@example.org", "A new password", "Hello, Ada — open this: é\n"),
            ("bob@example.org", "Grüße", "Hello, Ada — open this: é\n"),
        ]

    @pytest.mark.parametrize(
        ("to", "subject"),
        [
            ("ada@example.org,eve@example.org", "Hello"), ("ada@example.org\r\nBcc: eve@example.org", "Hello"),
            ("<eve@example.org>ada@example.org", "Hello"), ("ada@example.org", "Hello\r\nBcc: eve@example.org"),
        ],
    )
    async def test_what_would_go_to_somebody_else_too_is_refused(
        self, notifier: Notifier, delivered: Delivered, to: str, subject: str
    ) -> None:
        with pytest.raises(LetterRefused):
            await notifier.send(letter(to, subject))
        assert delivered() == []
