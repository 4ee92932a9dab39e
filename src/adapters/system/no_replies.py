"""A process that makes no replies."""

from collections.abc import Collection

from application.ports.run_dispatcher import Assignment, RunDispatcher
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId


class NoRepliesHere(RunDispatcher):
    """All replies are made elsewhere, where one hears in the database that they shall end."""

    def dispatch(self, assignment: Assignment) -> None:
        """Refuse."""
        raise Unavailable("This process makes no replies.")

    def drop(self, run_id: RunId) -> None:
        """Have nothing to give up."""

    @property
    def making(self) -> Collection[RunId]:
        """Return none."""
        return ()

    def interrupt(self, run_id: RunId) -> bool:
        """Know no such run."""
        return False
