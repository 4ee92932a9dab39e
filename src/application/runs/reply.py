"""What a run has made so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from application.ports.run_log import (
    AttemptStarted,
    MessageCompleted,
    MessageDelta,
    RunCancelled,
    RunEvent,
    RunEventBody,
    RunFailed,
)
from domain.runs.prompt import estimate_tokens
from domain.runs.run import RunError, RunStatus, Usage
from domain.sessions.message import Message

UNKNOWN_ERROR = RunError("internal_error", "Something went wrong on our side.")


@dataclass(slots=True)
class Reply:
    """The text in pieces, and how it ends; `beginning` is what another provider or attempt wrote of it."""

    pieces: list[str] = field(default_factory=list)
    beginning: str = ""
    prompt: str = ""
    counted: Usage | None = None
    error: RunError | None = None
    cancelled: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return self.beginning + "".join(self.pieces)

    @property
    def status(self) -> RunStatus:
        """How the run ends."""
        if self.cancelled:
            return RunStatus.CANCELLED
        return RunStatus.COMPLETED if self.error is None else RunStatus.FAILED

    @property
    def usage(self) -> Usage:
        """Tokens as the provider counted them (it takes a beginning for prompt), or estimates where it did not count."""
        begun = estimate_tokens(self.beginning) if self.beginning else 0
        if self.counted is None:
            return Usage(estimate_tokens(self.prompt), estimate_tokens("".join(self.pieces)) + begun)
        return Usage(max(self.counted.input_tokens - begun, 0), self.counted.output_tokens + begun)

    @property
    def billable(self) -> bool:
        """Whether the provider has done anything for it."""
        return self.counted is not None or bool(self.pieces or self.beginning)

    def begin_anew(self, *, keep: bool) -> None:
        """Go on after the text so far, or replace it."""
        self.beginning, self.pieces, self.counted = self.text if keep else "", [], None

    def outcome(self, message: Message | None) -> RunEventBody:
        """Return the event that tells the end; `message` is the reply as it was stored."""
        if self.cancelled:
            return RunCancelled()
        if self.error is not None or message is None:
            return RunFailed(self.error or UNKNOWN_ERROR)
        return MessageCompleted(message, self.usage)


def text_told(events: Sequence[RunEvent]) -> str:
    """Return the text that a viewer of these events has before the eyes."""
    text: list[str] = []
    for event in events:
        if isinstance(event.body, MessageDelta):
            text.append(event.body.text)
        elif isinstance(event.body, AttemptStarted) and not event.body.keep:
            text.clear()
    return "".join(text)
