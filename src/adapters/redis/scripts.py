"""Lua scripts, which a server runs as one step. Each has one key, or keys with one hash tag, so that it runs on a cluster too."""

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import hiredis

from adapters.redis.resp import Command, Word


class Asked(Protocol):
    """Whatever sends commands to the server: a Pipe."""

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answers; errors of the server are values. Unavailable."""


class Script:
    """A script that is sent by its digest, and whole only to a server that does not know it yet."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, server: Asked, groups: Sequence[Sequence[str]], *arguments: Word) -> list[Any]:
        """Return the script's answer for each group of keys, in one round trip (the first time two).

        Errors of the server are values.
        """
        answers = await server.ask(*[("EVALSHA", self.digest, len(keys), *keys, *arguments) for keys in groups])
        unknown = [place for place, answer in enumerate(answers) if is_unknown(answer)]
        if unknown:
            left = [groups[place] for place in unknown]
            again = await server.ask(*[("EVAL", self.source, len(keys), *keys, *arguments) for keys in left])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        return answers


def is_unknown(answer: Any) -> bool:
    """Whether the server says that it does not know a script."""
    return isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOSCRIPT")
