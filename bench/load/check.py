"""What one person sees of one run: each event once, in order, to the end, with the words that were scripted."""

from typing import Final

from bench.upstream import TEXT

SCRIPTED: Final = TEXT


class RunCheck:
    """Takes the events of a run as they come, over as many connections as it takes."""

    __slots__ = ("_text", "doubled", "ended", "lost", "run", "seen", "status")

    def __init__(self) -> None:
        self.run = ""
        self.seen = self.lost = self.doubled = 0
        self.ended, self.status = False, ""
        self._text: list[str] = []

    @property
    def has_words(self) -> bool:
        """Whether words of the reply have come."""
        return bool(self._text)

    def take(self, seq: int) -> bool:
        """Note an event's number; return whether it is a new one."""
        if seq <= self.seen:
            self.doubled += 1
            return False
        self.lost += seq - self.seen - 1
        self.seen = seq
        return True

    def say(self, text: str) -> None:
        """Note words of the reply."""
        self._text.append(text)

    def begin_anew(self) -> None:
        """Note that the reply is made anew and what was said of it does not stand."""
        self._text.clear()

    def end(self, status: str) -> None:
        """Note that the run told its end."""
        self.ended, self.status = True, status

    def fault(self) -> str | None:
        """Return what is wrong with a run that has told its end, or None."""
        if self.lost or self.doubled:
            return f"{self.run}: {self.lost} events lost, {self.doubled} doubled up to seq {self.seen}"
        if self.status != "completed":
            return f"{self.run}: it ended as {self.status!r}"
        text = "".join(self._text)
        if text == SCRIPTED:
            return None
        return f"{self.run}: the text is {text[:120]!r} … ({len(text)} of {len(SCRIPTED)} characters)"
