"""The audit log of accounts."""

from abc import abstractmethod
from typing import Protocol

from domain.shared.identifiers import UserId
from domain.users.audit import AuditEntry


class AuditLog(Protocol):
    """What was done to accounts. Entries outlive the account, and are never changed but by `strip`."""

    @abstractmethod
    def note(self, entry: AuditEntry) -> None:
        """Store a new entry on commit."""

    @abstractmethod
    def strip(self, user_id: UserId) -> None:
        """Take what is personal from all entries that are stored when the commit is made.

        Those of this account lose address and details, those of what it did to others the address, which was its own.
        """
