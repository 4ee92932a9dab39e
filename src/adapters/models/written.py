"""What a model wrote in a chat completion, for counting it and for keeping it."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from application.ports.completions import CompletionUsage, Written
from domain.runs.run import Usage


class _Function(Struct, frozen=True, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct, frozen=True, gc=False):
    function: _Function | None = None


class _Said(Struct, frozen=True, gc=False):
    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct, frozen=True, gc=False):
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Completion(Struct, frozen=True, gc=False):
    choices: list[_Choice] = []


_decode: Final = msgspec.json.Decoder(_Completion).decode
_encode: Final = msgspec.json.Encoder().encode


class Writing:
    """Gathers what was written from events, or from a whole completion; `finished` after a finish reason."""

    __slots__ = ("_other", "_reply", "finished")

    def __init__(self) -> None:
        self._reply: list[str] = []
        self._other: list[str] = []
        self.finished = False

    def add_event(self, data: bytes) -> None:
        """Note what this JSON object tells; one of another kind tells nothing."""
        try:
            choices = _decode(data).choices
        except (msgspec.MsgspecError, ValueError):
            return
        for choice in choices:
            self.finished = self.finished or choice.finish_reason is not None
            for said in (choice.delta, choice.message):
                if said is not None:
                    self._add(said)

    def so_far(self) -> Written:
        """Return what was gathered."""
        reply = "".join(self._reply)
        return Written(reply + "".join(self._other), reply)

    def _add(self, said: _Said) -> None:
        if said.content:
            self._reply.append(said.content)
        for call in said.tool_calls or ():
            if call.function is not None:
                self._other += [part for part in (call.function.name, call.function.arguments) if part]
        self._other += [part for part in (said.refusal, said.reasoning, said.reasoning_content) if part]


def told_usage(usage: Any) -> CompletionUsage | None:
    """Return what the provider counted; None if this is no count."""
    if not isinstance(usage, dict):
        return None
    read, wrote = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
    if not (isinstance(read, int) and isinstance(wrote, int) and min(read, wrote) >= 0):
        return None
    return CompletionUsage(Usage(read, wrote), _encode(usage))
