"""The audit log."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import json
from sqlalchemy import bindparam, literal_column, null, or_, update

from adapters.postgres.staging import Staging, insertion
from adapters.postgres.statement import Statement
from adapters.postgres.tables import AUDIT_LOG, Id
from application.ports.audit_log import AuditLog
from domain.shared.identifiers import UserId
from domain.users.audit import AuditEntry

_NOTE: Final = insertion(AUDIT_LOG)
_NOTHING: Final[Any] = literal_column("'{}'::jsonb")
_STRIP: Final = Statement(
    update(AUDIT_LOG)
    .where(AUDIT_LOG.c.user_id == bindparam("user_id"), or_(AUDIT_LOG.c.address.is_not(None), AUDIT_LOG.c.details != _NOTHING))
    .values(address=null(), details=_NOTHING),
    "audit_log.strip",
)
_user: Final[Any] = bindparam("user_id", type_=Id)
_STRIP_DONE: Final = Statement(
    update(AUDIT_LOG)
    .where(AUDIT_LOG.c.actor_id == _user, AUDIT_LOG.c.user_id != _user, AUDIT_LOG.c.address.is_not(None))
    .values(address=null()),
    "audit_log.strip_done",
)
_encode: Final = json.Encoder().encode
_decode: Final = json.Decoder(dict[str, str]).decode


def audit_entry_from(row: Mapping[str, Any]) -> AuditEntry:
    """Return the entry."""
    return AuditEntry(
        row["id"], row["user_id"], row["action"], row["at"], row["actor_id"], row["address"], _decode(row["details"])
    )


def audit_columns(entry: AuditEntry) -> dict[str, Any]:
    """Return all columns."""
    return {
        "id": entry.id, "user_id": entry.user_id, "actor_id": entry.actor_id, "action": str(entry.action),
        "address": entry.address, "details": _encode(entry.details).decode(), "at": entry.at,
    }


class PostgresAuditLog(AuditLog):
    """Rows that no foreign key binds: they outlive the account."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def note(self, entry: AuditEntry) -> None:
        """Stage the row."""
        self._staging.add(_NOTE, audit_columns(entry))

    def strip(self, user_id: UserId) -> None:
        """Stage the bareness of what is stored; parts of one statement do not see each other's rows."""
        self._staging.add(_STRIP, {"user_id": user_id})
        self._staging.add(_STRIP_DONE, {"user_id": user_id})
