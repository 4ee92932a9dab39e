"""What looks wrong is looked at again before it is told."""

from collections.abc import Sequence
from dataclasses import replace

from application.consistency.check_consistency import CheckConsistency, CheckConsistencyCommand, Finding, Patience, Report
from application.ports.consistency import Batch, Cursor, Evidence, Kind, Numbering, Turns
from domain.consistency.conversation import SessionFacts
from domain.consistency.facts import Facts
from domain.consistency.faults import Code, Fault
from domain.consistency.whereabouts import Whereabouts
from domain.shared.identifiers import SessionId
from tests.unit.consistency.life import EVERYTHING_HERE, Life


class ChangingEvidence(Evidence):
    """Sessions one by one, as they are at first, and as they are later; the same of where they belong."""

    def __init__(
        self, first: Sequence[SessionFacts], later: Sequence[SessionFacts],
        where: tuple[Whereabouts, Whereabouts] = (EVERYTHING_HERE, EVERYTHING_HERE),
    ) -> None:
        self.first, self.later, self.where = first, later, where
        self.asked_again: list[Sequence[str]] = []

    async def whereabouts(self) -> Whereabouts:
        return self.where[bool(self.asked_again)]

    async def batch(self, kind: Kind, shard: int | None, after: Cursor | None) -> Batch:
        if kind is not Kind.SESSIONS:
            return Batch([], None)
        place = 0 if after is None else int(after[0])
        return Batch(self.first[place : place + 1], (place + 1,) if place + 1 < len(self.first) else None)

    async def again(self, kind: Kind, shard: int | None, keys: Sequence[str]) -> Sequence[Facts]:
        self.asked_again.append(keys)
        return [facts for facts in self.later if facts.key in keys]

    async def numbering(self, shard: int, session_id: SessionId) -> Numbering:
        raise NotImplementedError

    async def turns(self, shard: int, session_id: SessionId) -> Turns:
        raise NotImplementedError

    async def holds(self, session_id: SessionId) -> bool:
        raise NotImplementedError


async def check(evidence: Evidence) -> tuple[list[Fault], Report]:
    found: list[Finding] = []
    report = await CheckConsistency(evidence, None, Patience(0, 0)).execute(CheckConsistencyCommand([0], found.append))
    return [finding.fault for finding in found], report


def some(count: int) -> list[SessionFacts]:
    return [Life().session_facts() for _ in range(count)]


async def test_what_was_right_a_moment_later_or_gone_is_not_told() -> None:
    sound = some(3)
    evidence = ChangingEvidence([replace(sound[0], head_seq=1), replace(sound[1], head_seq=1), sound[2]], [sound[0]])
    found, report = await check(evidence)
    assert (found, report.clean, report.checked[Kind.SESSIONS]) == ([], True, 3)
    assert evidence.asked_again == [[sound[0].key], [sound[1].key]]


async def test_what_is_wrong_both_times_is_told_as_it_is_then() -> None:
    [sound] = some(1)
    found, report = await check(ChangingEvidence([replace(sound, head_seq=1)], [replace(sound, head_seq=2)]))
    assert [(fault.code, "head_seq is 2" in fault.text) for fault in found] == [(Code.HEAD_SEQ, True)]
    assert (report.faults, report.clean) == (1, False)


async def test_what_looks_wrong_in_another_way_the_second_time_is_not_told() -> None:
    [sound] = some(1)
    found, _ = await check(ChangingEvidence([replace(sound, head_seq=1)], [replace(sound, waiting=1)]))
    assert found == []


async def test_what_a_move_brings_or_takes_during_the_check_is_not_told() -> None:
    [sound] = some(1)
    elsewhere = replace(EVERYTHING_HERE, shards=(1,) * 4096, shard_count=2)
    moving = replace(elsewhere, in_transit={sound.lodging.bucket: {0, 1}})
    for where, codes in (
        ((elsewhere, moving), []), ((moving, elsewhere), []), ((elsewhere, EVERYTHING_HERE), []),
        ((elsewhere, elsewhere), [Code.WRONG_SHARD]),
    ):
        found, _ = await check(ChangingEvidence([sound], [sound], where))
        assert [fault.code for fault in found] == codes


async def test_remarks_leave_a_check_clean() -> None:
    [sound] = some(1)
    unknown = replace(sound, agent_known=False)
    found, report = await check(ChangingEvidence([unknown], [unknown]))
    assert [fault.code for fault in found] == [Code.AGENT_UNKNOWN]
    assert (report.faults, report.clean) == (0, True)
