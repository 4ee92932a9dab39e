"""Limits over HTTP: taken before the body is read, told in the headers of every answer."""

import math
from functools import lru_cache
from typing import Any, Final

from litestar.connection import ASGIConnection

from application.actor import Actor
from application.limits.admit_request import AdmitRequest, AdmitRequestCommand, Admitted
from application.limits.stream_slots import StreamHold
from application.ports.limiter import Standing
from domain.runs.prompt import DEFAULT_REPLY_TOKENS

Headers = list[tuple[bytes, bytes]]
_KEY: Final = "admitted"
# As domain/runs/prompt.py estimates; the body's own syntax is small beside what is said.
_BYTES_PER_TOKEN: Final = 3


async def admit(admit_request: AdmitRequest, scope: Any, actor: Actor, *, replies: bool) -> None:
    """Take what the request needs, once for each; LimitExceeded. A reply also takes a stream and sets tokens aside."""
    admitted: Admitted | None = scope["state"].get(_KEY)
    if admitted is None:
        command = AdmitRequestCommand(actor, _reply_tokens(scope) if replies else None)
        admitted = scope["state"][_KEY] = await admit_request.execute(command)
    if admitted.refusal is not None:
        raise admitted.refusal


def hold_of(connection: ASGIConnection[Any, Any, Any, Any]) -> StreamHold | None:
    """Return the stream that a route behind the guard `replying` has taken; it is given back at the end of the request.

    Whoever makes the reply for longer than that takes it with `pass_on`.
    """
    return connection.scope["state"][_KEY].hold if _KEY in connection.scope["state"] else None


def give_back(scope: Any) -> None:
    """Give the request's stream back, unless somebody else has taken it."""
    admitted: Admitted | None = scope["state"].get(_KEY)
    if admitted is not None and admitted.hold is not None:
        admitted.hold.release()


def limit_headers(scope: Any) -> Headers:
    """Return the headers of an answer to somebody signed in, none for anybody else."""
    admitted: Admitted | None = scope["state"].get(_KEY)
    return [] if admitted is None else headers_of(admitted)


def headers_of(admitted: Admitted) -> Headers:
    """Return how the caller stands."""
    requests, tokens = admitted.admission.requests, admitted.admission.tokens
    return [
        (b"x-ratelimit-limit-requests", b"%d" % requests.limit), (b"x-ratelimit-remaining-requests", b"%d" % requests.remaining),
        (b"x-ratelimit-reset-requests", _reset(requests)),
        (b"x-ratelimit-limit-tokens", b"%d" % tokens.limit), (b"x-ratelimit-remaining-tokens", b"%d" % tokens.remaining),
        (b"x-ratelimit-reset-tokens", _reset(tokens)),
    ]


def _reset(standing: Standing) -> bytes:
    millis = math.ceil(standing.reset * 1_000)
    return _duration(millis if millis < 1_000 else -(-millis // 1_000) * 1_000)


@lru_cache(4096)
def _duration(millis: int) -> bytes:
    """Return a length of time as OpenAI's API tells it: 350ms, 1s, 6m0s, 23h59m59s."""
    if millis % 1_000:
        return b"%dms" % millis
    hours, rest = divmod(millis // 1_000, 3_600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return b"%dh%dm%ds" % (hours, minutes, seconds)
    return b"%dm%ds" % (minutes, seconds) if minutes else b"%ds" % seconds


def _reply_tokens(scope: Any) -> int:
    """Return a guess at what the reply will take, from the length of what is not read yet."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    said = int(length) if length.isdigit() and len(length) < 10 else 0
    return said // _BYTES_PER_TOKEN + DEFAULT_REPLY_TOKENS
