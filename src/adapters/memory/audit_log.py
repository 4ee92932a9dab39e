"""The audit log in memory."""

from dataclasses import replace

from adapters.memory.constraints import require_new
from adapters.memory.staging import Staging
from adapters.memory.tables import Tables
from application.ports.audit_log import AuditLog
from domain.shared.identifiers import UserId
from domain.users.audit import AuditEntry


class MemoryAuditLog(AuditLog):
    """Entries in their order."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def note(self, entry: AuditEntry) -> None:
        """Stage a copy."""
        fresh = replace(entry, details=dict(entry.details))

        def insert(tables: Tables) -> None:
            require_new(tables.audit, fresh.id)
            tables.audit[fresh.id] = fresh

        self._staging.add(insert)

    def strip(self, user_id: UserId) -> None:
        """Stage bare entries, but for those that are staged beside it."""

        def bare(tables: Tables) -> None:
            own = [entry for entry in tables.audit.values() if entry.user_id == user_id]
            done = [entry for entry in tables.audit.values() if entry.actor_id == user_id and entry.user_id != user_id]
            tables.audit.update({entry.id: replace(entry, address=None, details={}) for entry in own})
            tables.audit.update({entry.id: replace(entry, address=None) for entry in done})

        self._staging.begin_with(bare)
