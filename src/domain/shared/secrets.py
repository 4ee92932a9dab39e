"""Tokens and keys: 256 random bits behind a prefix that says what they are; only their hash is kept."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Final

ACCESS_PREFIX: Final = "olt_"
REFRESH_PREFIX: Final = "olr_"
API_KEY_PREFIX: Final = "ola_"
MAILED_PREFIX: Final = "olm_"


def make_secret(prefix: str, entropy: bytes) -> str:
    """Return the secret's text; `entropy` has 32 bytes."""
    return prefix + urlsafe_b64encode(entropy).rstrip(b"=").decode()


def derive_secret(prefix: str, seed: bytes, salt: str) -> str:
    """Return the secret that follows from a seed (256 bits that its holder knows) and a salt (which we know); both are needed."""
    if len(seed) < 32:
        raise ValueError("a seed of at least 32 bytes is needed")
    return make_secret(prefix, hmac.digest(seed, (prefix + salt).encode(), "sha256"))


def fingerprint(secret: str) -> bytes:
    """Return the SHA-256 digest under which a secret is stored and looked up (it is random, so no salt is needed)."""
    return hashlib.sha256(secret.encode()).digest()
