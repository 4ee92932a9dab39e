"""Links to shares."""

import hmac
from dataclasses import dataclass

from application.sessions.views import ShareView
from domain.sessions.share import secret_of_link, token_of_link
from domain.shared.secrets import fingerprint


@dataclass(frozen=True, slots=True)
class Link:
    """A share with the token that opens it; None if the owner's seed is another now, in a catalog that was restored."""

    share: ShareView
    token: str | None


def link_to(share: ShareView, seed: bytes) -> Link:
    """Return the share with its token, having looked that it opens."""
    secret = secret_of_link(share.id, seed)
    return Link(share, token_of_link(share.id, secret) if opens(secret, share.fingerprint) else None)


def opens(secret: str, expected: bytes) -> bool:
    """Tell whether a secret is the one with this fingerprint, in the same time whatever it is."""
    return hmac.compare_digest(fingerprint(secret), expected)
