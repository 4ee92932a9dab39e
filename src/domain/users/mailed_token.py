"""Secrets that are sent by mail, to prove that whoever has them reads what is sent to an address."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.shared.errors import Invalid
from domain.shared.events import DomainEvent
from domain.shared.identifiers import UserId


class MailPurpose(StrEnum):
    """What a mailed token is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  (a name)

    @property
    def lifetime(self) -> timedelta:
        """How long a token is good."""
        return timedelta(hours=24 if self is MailPurpose.VERIFY_EMAIL else 1)


class MailedTokenRefused(Invalid):
    """The token is unknown, was used before, is too old, or was replaced by a later one."""

    code = "token_refused"


@dataclass(frozen=True, slots=True)
class MailWanted(DomainEvent):
    """A mail with a token is to be sent to the account, if there is such an account."""

    user_id: UserId
    purpose: MailPurpose


@dataclass(frozen=True, slots=True)
class MailedToken:
    """What is stored of a token: an account has one for each purpose; it is good for the address that it was sent to."""

    fingerprint: bytes
    user_id: UserId
    purpose: MailPurpose
    email: str
    expires_at: datetime

    def require(self, purpose: MailPurpose, email: str, now: datetime) -> None:
        """Return if it is good for this; MailedTokenRefused."""
        if self.purpose is not purpose or self.email != email or self.expires_at <= now:
            raise refused_token()


def refused_token() -> MailedTokenRefused:
    """Return the one answer to all tokens that are not good."""
    return MailedTokenRefused("The token is unknown, was used, or is too old; ask for another mail.", param="token")
