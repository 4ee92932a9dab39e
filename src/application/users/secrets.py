"""Secrets that a repeated request is told again, although they are stored nowhere."""

from application.idempotency import Once
from application.ports.entropy import Entropy
from domain.shared.secrets import derive_secret


def new_salt(entropy: Entropy) -> str:
    """Return what is stored beside a request for secrets, so that nobody who knows the request can work them out."""
    return entropy.secret("salt_")


def secret_for(entropy: Entropy, once: Once | None, prefix: str, salt: str) -> str:
    """Return a random secret, or for a request with a key the one that its repetitions get too."""
    return entropy.secret(prefix) if once is None else derive_secret(prefix, once.seed, salt)
