"""The request for a chat completion, from ours to bytes."""

from typing import Final

import msgspec

from adapters.models.wire import CompletionRequest, StreamOptions, Turn
from application.ports.chat_model import ModelRequest

# Prose has four to five bytes a token; what is taken for too few tokens cuts no reply short.
_BYTES_PER_TOKEN: Final = 5
_encode: Final = msgspec.json.Encoder().encode


def completion_body(request: ModelRequest, *, counts_usage: bool, flags_beginning: bool) -> bytes:
    """Return the body of POST /chat/completions; a beginning is its last message, flagged as vLLM wants it if so told."""
    unset, sampling = msgspec.UNSET, request.sampling
    flagged = flags_beginning and request.beginning != ""
    return _encode(CompletionRequest(
        request.model, _turns(request),
        temperature=unset if sampling.temperature is None else sampling.temperature,
        top_p=unset if sampling.top_p is None else sampling.top_p,
        max_tokens=unset if sampling.max_tokens is None else _tokens_left(sampling.max_tokens, request.beginning),
        stream_options=StreamOptions() if counts_usage else unset,
        continue_final_message=True if flagged else unset,
        add_generation_prompt=False if flagged else unset,
    ))


def _turns(request: ModelRequest) -> list[Turn]:
    turns = [Turn(turn.role, turn.text) for turn in request.turns]
    return [*turns, Turn("assistant", request.beginning)] if request.beginning else turns


def _tokens_left(most: int, beginning: str) -> int:
    """Return how many tokens the rest may have, where `most` bounds the whole reply."""
    return max(1, most - len(beginning.encode()) // _BYTES_PER_TOKEN)
