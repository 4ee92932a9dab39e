"""Randomness of the operating system."""

import os
import secrets
import struct
import time
from collections.abc import Iterator

from application.ports.entropy import Entropy
from domain.shared.identifiers import BUCKETS, make_identifier
from domain.shared.secrets import make_secret


class SystemEntropy(Entropy):
    """Identifiers and secrets that nobody can guess; for identifiers and buckets randomness is fetched 4 KiB at a time."""

    def __init__(self) -> None:
        self._words: Iterator[int] = iter(())

    def identifier(self, prefix: str, bucket: int) -> str:
        """Return an identifier of now."""
        return make_identifier(prefix, millis=time.time_ns() // 1_000_000, bucket=bucket, entropy=self._word())

    def bucket(self) -> int:
        """Return any bucket."""
        return self._word() % BUCKETS

    def secret(self, prefix: str) -> str:
        """Return a secret."""
        return make_secret(prefix, secrets.token_bytes(32))

    def _word(self) -> int:
        word = next(self._words, None)
        if word is None:
            self._words = iter(struct.unpack("<512Q", os.urandom(4_096)))
            word = next(self._words)
        return word
