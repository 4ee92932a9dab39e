"""What a browser keeps while its user signs in elsewhere: signed, for a few minutes, and only in that browser."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from application.ports.identity_providers import Attempt
from domain.shared.errors import Invalid
from domain.shared.identifiers import SignInId, UserId
from domain.users.identity import SignInRefused

LIFETIME: Final = timedelta(minutes=10)
_LONGEST_PATH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """An attempt, and what is to come of it: a sign-in, or for a `user_id` another way into that account.

    The latter only while the sign-in lasts that asked for it.
    """

    provider: str
    attempt: Attempt
    return_to: str
    expires_at: float
    user_id: UserId | None = None
    sign_in_id: SignInId | None = None

    def sealed(self, key: bytes) -> str:
        """Return the ticket as text that cannot be changed by who has not the key."""
        body = urlsafe_b64encode(json.dumps(asdict(self)).encode())
        return (body + b"." + urlsafe_b64encode(_seal(key, body))).decode()


def opened(text: str, key: bytes, *, provider: str, now: datetime) -> Ticket:
    """Return the ticket of a sign-in at this provider; SignInRefused when it is not ours, or too old."""
    body, _, seal = text.encode().partition(b".")
    if not hmac.compare_digest(urlsafe_b64encode(_seal(key, body)), seal):
        raise SignInRefused("The sign-in was not begun in this browser; please try again.")
    said = json.loads(urlsafe_b64decode(body))
    ticket = Ticket(**said | {"attempt": Attempt(**said["attempt"])})
    if ticket.provider != provider or ticket.expires_at <= now.timestamp():
        raise SignInRefused("The sign-in took too long; please try again.")
    return ticket


def own_path(text: str) -> str:
    """Return `text` when it is a path on our own origin: browsers take '//', with backslashes too, for another host's name."""
    plain = text.isascii() and text.isprintable() and len(text) <= _LONGEST_PATH
    if not plain or not text.startswith("/") or text.startswith("//") or "\\" in text:
        raise Invalid("'return_to' must be a path on this site, like /chats.", param="return_to")
    return text


def _seal(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"oidc ticket." + body, "sha256")
