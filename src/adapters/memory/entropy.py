"""Randomness that a seed foretells."""

from random import Random

from adapters.memory.clock import HandClock
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from domain.shared.identifiers import BUCKETS, make_identifier
from domain.shared.secrets import make_secret


class MemoryEntropy(Entropy):
    """The same seed gives the same identifiers and secrets.

    Each identifier is of a later millisecond than the one before, so that all of them sort in the order in which they were made.
    """

    def __init__(self, seed: int = 0, clock: Clock | None = None) -> None:
        self._random, self._clock = Random(seed), clock or HandClock()  # noqa: S311  (foretold on purpose)
        self._millis = 0

    def identifier(self, prefix: str, bucket: int) -> str:
        """Return the next identifier, of now or a little later."""
        self._millis = max(self._millis + 1, int(self._clock.now().timestamp() * 1_000))
        return make_identifier(prefix, millis=self._millis, bucket=bucket, entropy=self._random.getrandbits(62))

    def bucket(self) -> int:
        """Return the next bucket."""
        return self._random.randrange(BUCKETS)

    def secret(self, prefix: str) -> str:
        """Return the next secret."""
        return make_secret(prefix, self._random.randbytes(32))
