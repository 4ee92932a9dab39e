"""What the model is shown: the persona, then as much recent history as fits its context."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from domain.sessions.message import Message, MessageStatus, text_of

# Four bytes of UTF-8 a token is the usual estimate for English; three leaves room for other languages.
_BYTES_PER_TOKEN: Final = 3
_TOKENS_PER_TURN: Final = 8
DEFAULT_REPLY_TOKENS: Final = 512


@dataclass(frozen=True, slots=True)
class PromptTurn:
    """One message of the prompt."""

    role: Literal["system", "user", "assistant"]
    text: str


def estimate_tokens(text: str) -> int:
    """Return a cautious estimate of the tokens in `text`, never below its true count for common tokenizers' prose."""
    return len(text.encode()) // _BYTES_PER_TOKEN + _TOKENS_PER_TURN


def history_budget(persona: str, context_tokens: int, reply_tokens: int | None) -> int:
    """Return how many tokens of the context are left for history (at least a quarter of it)."""
    reserved = min(reply_tokens or DEFAULT_REPLY_TOKENS, context_tokens // 2)
    return max(context_tokens - reserved - estimate_tokens(persona), context_tokens // 4)


def compose_prompt(persona: str, history: Sequence[Message], budget: int) -> tuple[PromptTurn, ...]:
    """Return persona (none if it is empty) and the newest messages (given oldest first) within `budget` tokens.

    The last one is always in.
    """
    turns: list[PromptTurn] = []
    for message in reversed(history):
        if message.status is MessageStatus.FAILED:
            continue
        text = text_of(message.content)
        budget -= estimate_tokens(text)
        if turns and budget < 0:
            break
        turns.append(PromptTurn("user" if message.role == "user" else "assistant", text))
    said = tuple(reversed(turns))
    return (PromptTurn("system", persona), *said) if persona else said


def history_for(history: Sequence[Message], message_seq: int) -> list[Message]:
    """Return the messages (given by seq) that a reply to message number `message_seq` follows, that one last.

    While a message waits for its turn, replies to earlier ones and further messages are stored behind it.
    """
    earlier = [m for m in history if m.seq < message_seq or (m.role == "assistant" and m.seq > message_seq)]
    return earlier + [m for m in history if m.seq == message_seq]
