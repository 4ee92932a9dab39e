"""Passwords without the slowness that protects them."""

import hashlib
from itertools import count

from application.ports.password_hasher import PasswordHasher


class MemoryPasswordHasher(PasswordHasher):
    """One round of SHA-256 with a number for a salt: good for tests and for nothing else."""

    def __init__(self) -> None:
        self._salts = count(1)

    async def hash(self, password: str) -> str:
        """Return another hash each time, as a real one does."""
        return _hashed(password, str(next(self._salts)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password fits."""
        return stored is not None and stored == _hashed(password, stored.partition("$")[0])


def _hashed(password: str, salt: str) -> str:
    return f"{salt}${hashlib.sha256(f'{salt}{password}'.encode()).hexdigest()}"
