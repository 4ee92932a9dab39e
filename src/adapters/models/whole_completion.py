"""A completion that comes as one JSON object."""

from dataclasses import dataclass

import msgspec

from adapters.models.written import Writing, told_usage
from application.ports.completions import CompletionUsage, Written


class _Body(msgspec.Struct):
    choices: list[msgspec.Raw]
    usage: object = None


@dataclass(frozen=True, slots=True)
class WholeCompletion:
    """The object as it came, and what it counts and says."""

    body: bytes
    usage: CompletionUsage | None
    written: Written


def read_completion(body: bytes) -> WholeCompletion | None:
    """Return the completion, or None if the body is none."""
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, ValueError):
        return None
    writing = Writing()
    writing.add_event(body)
    return WholeCompletion(body, told_usage(told.usage), writing.so_far())
