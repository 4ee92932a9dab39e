"""Look whether everything that is stored agrees, while it is being used."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from application.consistency.repairing import Outcome, Repairing
from application.ports.consistency import Evidence, Kind
from domain.consistency.facts import Facts
from domain.consistency.faults import Code, Fault
from domain.consistency.whereabouts import Whereabouts

# In this order: what a repair changes is looked at afterwards.
_OF_SHARDS: Final = (Kind.EVENTS, Kind.RUNS, Kind.MESSAGES, Kind.SHARES, Kind.SESSIONS, Kind.KEYS)
_OF_THE_CATALOG: Final = (Kind.PINS, Kind.EVENTS)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, the shard where it is (None: the catalog), and what came of its repair, if one was asked for."""

    fault: Fault
    shard: int | None
    outcome: Outcome | None = None


@dataclass(slots=True)
class Report:
    """How many rows were looked at, by kind, and what was found; the findings themselves were told one by one."""

    checked: Counter[Kind] = field(default_factory=Counter)
    found: Counter[Code] = field(default_factory=Counter)
    repaired: Counter[Code] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        """How many faults were found; remarks are none."""
        return sum(count for code, count in self.found.items() if not code.remark)

    @property
    def clean(self) -> bool:
        """Whether no fault is left."""
        return self.faults == self.repaired.total()

    def note(self, finding: Finding) -> None:
        """Count a finding."""
        self.found[finding.fault.code] += 1
        self.repaired[finding.fault.code] += finding.outcome is not None and finding.outcome.repaired


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a suspect is given to turn out right, and one whose repair is other nodes' daily work; in seconds."""

    usual: float = 2.0
    unmade: float = 15.0

    def with_(self, suspects: Sequence[Fault]) -> float:
        """Return the longest that any of these is given."""
        return max(self.unmade if suspect.code is Code.RUN_UNMADE else self.usual for suspect in suspects)


@dataclass(frozen=True, slots=True)
class CheckConsistencyCommand:
    """Which shards (each once), how long to rest between two readings, whom to tell; `deep` also looks into the indexes.

    `at_rest` tells that nothing serves, as after a restore: events that wait are then as they should be.
    """

    shards: Sequence[int]
    tell: Callable[[Finding], None]
    pause: float = 0.0
    deep: bool = False
    at_rest: bool = False


@dataclass(frozen=True, slots=True)
class CheckConsistency:
    """Reads in small batches. A row that looks wrong is read again a moment later, and only what is wrong then too is told."""

    evidence: Evidence
    repairing: Repairing | None = None
    patience: Patience = field(default_factory=Patience)

    async def execute(self, command: CheckConsistencyCommand) -> Report:
        """Return what was found once everything was looked at; Unavailable."""
        report = Report()
        where = await self.evidence.whereabouts()
        await self._tell(command, report, None, list(where.faults()))
        for kind, shard in _places(command):
            async for suspects in self._suspects(command, report, kind, shard):
                await self._tell(command, report, shard, await self._confirmed(kind, shard, suspects))
        return report

    async def _suspects(
        self, command: CheckConsistencyCommand, report: Report, kind: Kind, shard: int | None
    ) -> AsyncIterator[dict[str, list[Fault]]]:
        """Yield of each batch that has any what looks wrong, by the rows' keys."""
        where, batch = await self.evidence.whereabouts(), await self.evidence.batch(kind, shard, None)
        while True:
            report.checked[kind] += len(batch.facts)
            suspects = _wrong(batch.facts, where)
            if suspects:
                yield suspects
            if batch.after is None:
                return
            await asyncio.sleep(command.pause)
            batch = await self.evidence.batch(kind, shard, batch.after)

    async def _confirmed(self, kind: Kind, shard: int | None, suspects: dict[str, list[Fault]]) -> list[Fault]:
        """Return what is wrong now as before, by where things belonged before the second look and by where they do after it."""
        await asyncio.sleep(self.patience.with_([fault for faults in suspects.values() for fault in faults]))
        before = await self.evidence.whereabouts()
        facts = await self.evidence.again(kind, shard, list(suspects))
        after = await self.evidence.whereabouts()
        return _in_all(_wrong(facts, after), _wrong(facts, before), suspects)

    async def _tell(self, command: CheckConsistencyCommand, report: Report, shard: int | None, faults: Sequence[Fault]) -> None:
        for fault in _without_neighbours(faults):
            outcome = None if self.repairing is None else await self.repairing.repair(fault, shard)
            finding = Finding(fault, shard, outcome)
            report.note(finding)
            command.tell(finding)


def _places(command: CheckConsistencyCommand) -> list[tuple[Kind, int | None]]:
    deep = (Kind.INDEXES,) if command.deep else ()
    catalog: list[tuple[Kind, int | None]] = [(kind, None) for kind in (*_OF_THE_CATALOG, *deep)]
    places = catalog + [(kind, shard) for shard in command.shards for kind in (*_OF_SHARDS, *deep)]
    return [(kind, shard) for kind, shard in places if not (command.at_rest and kind is Kind.EVENTS)]


def _in_all(found: Mapping[str, list[Fault]], *others: Mapping[str, list[Fault]]) -> list[Fault]:
    """Return the faults whose row has one of the same kind in all the others."""
    def known(key: str, fault: Fault) -> bool:
        return all(fault.code in {one.code for one in other.get(key, ())} for other in others)

    return [fault for key, faults in found.items() for fault in faults if known(key, fault)]


def _without_neighbours(faults: Sequence[Fault]) -> list[Fault]:
    """Return them without what is said twice in a row, as of the many idempotency keys of one owner."""
    return [fault for fault, before in zip(faults, [None, *faults], strict=False) if fault != before]


def _wrong(facts: Sequence[Facts], where: Whereabouts) -> dict[str, list[Fault]]:
    found = {one.key: list(one.faults(where)) for one in facts}
    return {key: faults for key, faults in found.items() if faults}
