"""The wire of an account's safety: mailed tokens, passwords, sign-ins, the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from domain.shared.identifiers import SignInId
from domain.users.audit import AuditEntry
from domain.users.credential import SignIn
from entrypoints.http.bounds import Email, Password
from entrypoints.http.wire import In, Out


class MailedTokenIn(In, frozen=True):
    """What a mail's link brings."""

    token: str


class PasswordResetIn(In, frozen=True):
    """Whose password was forgotten."""

    email: Email


class NewPasswordIn(In, frozen=True):
    """A mailed token and the new password."""

    token: str
    password: Password


class PasswordChangeIn(In, frozen=True):
    """The password as it is and as it shall be."""

    current_password: str
    new_password: Password


class MailRequestOut(Out, frozen=True):
    """A mail was asked for; whether one is sent is not told."""

    object: Literal["mail_request"] = "mail_request"


class EndedOut(Out, frozen=True):
    """How many sign-ins ended."""

    ended: int
    object: Literal["ended_sign_ins"] = "ended_sign_ins"


class SignInOut(Out, frozen=True):
    """One device's sign-in; `current` is the one that asks."""

    id: str
    address: str | None
    device: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool
    object: Literal["sign_in"] = "sign_in"

    @classmethod
    def of(cls, sign_in: SignIn, current: SignInId | None) -> "SignInOut":
        """Return how it looks to its owner."""
        used = sign_in.renewed_at or sign_in.created_at
        return cls(
            sign_in.id, sign_in.address, sign_in.device, sign_in.created_at, used, sign_in.expires_at, sign_in.id == current
        )


class AuditEntryOut(Out, frozen=True):
    """One thing that was done to the account; `actor_id` is who did it, if somebody signed in did."""

    id: str
    action: str
    at: datetime
    actor_id: str | None
    address: str | None
    details: Mapping[str, str]
    object: Literal["audit_entry"] = "audit_entry"

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryOut":
        """Return how it looks to the account's owner."""
        return cls(entry.id, entry.action, entry.at, entry.actor_id, entry.address, entry.details)
