"""The model servers that the settings name, in order of preference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Literal

Continues = Literal["false", "true", "vllm"]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A model server, its key, and whether it goes on with the beginning of a reply (as vLLM does it, where that is said)."""

    url: str
    api_key: str | None = field(repr=False)
    continues: Continues


def pair(urls: Sequence[str], keys: Sequence[str], continues: Sequence[Continues]) -> Iterator[Upstream]:
    """Yield each server with its place in the other lists: keys may be empty or too few, a single `continues` goes for all."""
    said = repeat(continues[0]) if len(continues) == 1 else continues
    for url, key, goes_on in zip(urls, chain(keys, repeat("")), said, strict=False):
        yield Upstream(url, key or None, goes_on)
