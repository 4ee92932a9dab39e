"""Writing the audit log."""

from datetime import datetime

from application.origin import NOWHERE, Origin
from application.ports.entropy import Entropy
from domain.shared.identifiers import AuditEntryId, UserId, bucket_of
from domain.users.audit import AuditAction, AuditEntry


def audit_entry(
    entropy: Entropy, now: datetime, user_id: UserId, action: AuditAction, *,
    actor_id: UserId | None = None, origin: Origin = NOWHERE, **details: str,
) -> AuditEntry:
    """Return the entry for `unit.audit.note`: what was done to the account of `user_id`, and by whom (None: nobody signed in)."""
    entry_id = AuditEntryId(entropy.identifier("audit", bucket_of(user_id)))
    return AuditEntry(entry_id, user_id, action, now, actor_id, origin.address, details)
