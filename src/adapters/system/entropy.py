"""Randomness of the operating system."""

import secrets
import time

from application.ports.entropy import Entropy
from domain.shared.identifiers import BUCKETS, make_identifier
from domain.shared.secrets import make_secret


class SystemEntropy(Entropy):
    """Identifiers and secrets that nobody can guess."""

    def identifier(self, prefix: str, bucket: int) -> str:
        """Return an identifier of now."""
        return make_identifier(prefix, millis=time.time_ns() // 1_000_000, bucket=bucket, entropy=secrets.randbits(62))

    def bucket(self) -> int:
        """Return any bucket."""
        return secrets.randbelow(BUCKETS)

    def secret(self, prefix: str) -> str:
        """Return a secret."""
        return make_secret(prefix, secrets.token_bytes(32))
