"""Facts about shares."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.consistency.facts import Facts
from domain.consistency.faults import Code, Fault
from domain.consistency.whereabouts import Lodging, Whereabouts


@dataclass(frozen=True, slots=True)
class ShareFacts(Facts):
    """A share; `session_owner_id` is its session's owner, None if the session is not there."""

    lodging: Lodging
    session_id: str
    session_owner_id: str | None

    @property
    def key(self) -> str:
        """Return the identifier."""
        return self.lodging.identifier

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell what is wrong with it."""
        ids = {"share_id": self.key, "session_id": self.session_id, "owner_id": str(self.lodging.owner_id)}
        yield from self.lodging.faults(where, ids)
        if not self.lodging.at_home(where):
            return
        if self.session_owner_id is None:
            yield Fault(Code.SHARE_ORPHANED, ids, "its session is not there")
        elif self.session_owner_id != self.lodging.owner_id:
            yield Fault(Code.OWNER_DIFFERS, ids, f"it is {self.lodging.owner_id}'s, and its session {self.session_owner_id}'s")
