"""What a unit of work in memory collects until its commit."""

from collections.abc import Callable
from copy import deepcopy
from typing import TypeVar

from adapters.memory.constraints import Versioned, require_as_read
from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from domain.shared.events import DomainEvent

Step = Callable[[Tables], None]
K = TypeVar("K")
E = TypeVar("E", bound=Versioned)


def _no_rule(_: Tables, entity: object) -> None:
    """Refuse nothing."""


class Staging:
    """The changes and events of one unit of work; rows that must be as they were read are looked at first."""

    def __init__(self, store: MemoryStore, place: str) -> None:
        self.store, self._place = store, place
        self._begin()

    def _begin(self) -> None:
        self._exact, self._others, self._rules = list[Step](), list[Step](), list[Step]()
        self._events, self._saved = list[DomainEvent](), list[Versioned]()

    def add(self, step: Step) -> None:
        """Stage a new row, or a deletion that may find nothing."""
        self._others.append(step)

    def save(
        self, table: Callable[[Tables], dict[K, E]], key: K, entity: E, rule: Callable[[Tables, E], None] = _no_rule
    ) -> None:
        """Stage a copy of an entity whose row must be as it was read; the rule may refuse what it is now."""
        version, fresh = entity.version, deepcopy(entity)
        fresh.version += 1

        def replace(tables: Tables) -> None:
            require_as_read(table(tables), key, version)
            rule(tables, fresh)
            table(tables)[key] = fresh

        self._exact.append(replace)
        self._saved.append(entity)

    def remove(self, step: Step) -> None:
        """Stage the deletion of a row that must be there, which the step looks at."""
        self._exact.append(step)

    def begin_with(self, step: Step) -> None:
        """Stage a step that comes before all others."""
        self._exact.insert(0, step)

    def require(self, rule: Step) -> None:
        """Stage a rule that all changes together must keep."""
        self._rules.append(rule)

    def record(self, event: DomainEvent) -> None:
        """Stage an event."""
        self._events.append(event)

    async def commit(self) -> None:
        """Make all changes or none; the saved entities then carry their new version."""
        await self.store.change(self._apply)
        for entity in self._saved:
            entity.version += 1
        self._begin()

    def _apply(self, tables: Tables) -> None:
        for step in (*self._exact, *self._others, *self._rules):
            step(tables)
        rows = [self.store.waiting(self._place, event) for event in self._events]
        tables.outbox.update({row.id: row for row in rows})
