"""What was done to an account, for its owner's eyes and for an operator's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.shared.identifiers import AuditEntryId, UserId


class AuditAction(StrEnum):
    """What was done."""

    REGISTERED = "registered"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    SIGN_IN_ENDED = "sign_in_ended"
    SIGN_INS_ENDED = "sign_ins_ended"
    REFRESH_REUSED = "refresh_reused"
    EMAIL_VERIFIED = "email_verified"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  (a name)
    PASSWORD_RESET = "password_reset"  # noqa: S105
    IDENTITY_LINKED = "identity_linked"
    API_KEY_ISSUED = "api_key_issued"
    API_KEY_REVOKED = "api_key_revoked"
    PLAN_CHANGED = "plan_changed"
    ROLE_CHANGED = "role_changed"
    LIMITS_CHANGED = "limits_changed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done to the account `user_id`.

    `actor_id` is who did it (None: nobody who was signed in), `address` where from, `details` a few words, never a secret.
    `action` is an AuditAction; what a later release wrote may be another word.
    """

    id: AuditEntryId
    user_id: UserId
    action: str
    at: datetime
    actor_id: UserId | None = None
    address: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
