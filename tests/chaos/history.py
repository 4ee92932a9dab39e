"""What happened, as those saw it who talked and watched, and what is stored in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Seen:
    """One event as a viewer got it; `text` of a delta, `keep` of an attempt, `status` of the end. `at` is in seconds."""

    seq: int
    kind: str
    text: str = ""
    attempt: int | None = None
    keep: bool | None = None
    reason: str = ""
    status: str | None = None
    at: float = 0.0

    @classmethod
    def of(cls, fields: Mapping[str, Any], at: float = 0.0) -> Self:
        """Return the event of these fields of its data."""
        return cls(
            fields["seq"], fields["type"], fields.get("text", ""), fields.get("attempt"), fields.get("keep"),
            fields.get("reason", ""), fields.get("status"), at,
        )


@dataclass(slots=True)
class Said:
    """A message that somebody tried to say until it was acknowledged; `script` is the reply that the model makes."""

    session_id: str
    client_message_id: str
    text: str
    script: str
    message_id: str | None = None
    run_id: str | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the platform has promised to keep it."""
        return self.run_id is not None


@dataclass(slots=True)
class Viewing:
    """All that one viewer saw of a run over any number of connections, of which it has noted where and with which cursor."""

    viewer: str
    run_id: str
    after: int = 0
    events: list[Seen] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)

    @property
    def cursor(self) -> int:
        """The number after which the viewer wants to go on."""
        return self.events[-1].seq if self.events else self.after

    @property
    def ended(self) -> bool:
        """Whether the viewer knows that nothing follows."""
        return bool(self.events) and self.events[-1].kind == "end"

    @property
    def retold(self) -> bool:
        """Whether some of it was told from the stored reply, in numbers of its own, because the log was out of reach."""
        kinds = [event.kind for event in self.events]
        whole = self.after == 0 and len(kinds) <= 4 and kinds.count("message.delta") <= 1
        return whole or any(event.reason == "log_expired" for event in self.events)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run in the database; `usage` is None while none is booked, `endings` counts the events that tell of its end."""

    run_id: str
    session_id: str
    status: str
    attempt: int
    last_seq: int
    usage: tuple[int, int] | None
    endings: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message in the database."""

    message_id: str
    session_id: str
    seq: int
    role: str
    text: str
    run_id: str
    client_message_id: str | None = None


@dataclass(slots=True)
class History:
    """Everything; `surprises` are answers that nobody should ever get, `faults` what was done to the machines and when."""

    said: list[Said] = field(default_factory=list)
    viewings: list[Viewing] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    faults: list[tuple[float, str]] = field(default_factory=list)
    runs: list[StoredRun] = field(default_factory=list)
    messages: list[StoredMessage] = field(default_factory=list)

    def surprise(self, sentence: str) -> None:
        """Note something that should never happen, once."""
        if sentence not in self.surprises:
            self.surprises.append(sentence)
