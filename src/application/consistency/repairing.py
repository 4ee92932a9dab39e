"""Repairs that are safe: each is one commit, exact by the version of what it changes, and harmless when it comes twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from application.ports.consistency import Evidence, RowRepairs
from application.ports.entropy import Entropy
from application.ports.shards import Shards, ShardUnitOfWork
from domain.consistency.faults import Code, Fault
from domain.runs.run import Run
from domain.sessions.session import Session
from domain.shared.errors import DomainError
from domain.shared.identifiers import EventId, MessageId, NodeId, RunId, SessionId, ShareId, UserId


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the fault is gone, and what was done or why nothing was."""

    repaired: bool
    text: str


_ONLY_TOLD = Outcome(False, "not repaired: it is not safe to; see docs/how-to/check-consistency.md")
_OF_NOBODY = Outcome(False, "left: a living node takes it up by itself, as long as it can reach Valkey")


def _left(why: str) -> Outcome:
    return Outcome(False, f"left: {why}")


@dataclass(frozen=True, slots=True)
class Repairing:
    """What a repair finds changed meanwhile, it leaves alone."""

    evidence: Evidence
    rows: RowRepairs
    shards: Shards
    entropy: Entropy

    async def repair(self, fault: Fault, shard: int | None) -> Outcome:
        """Return what came of it."""
        repairs: dict[Code, Callable[[Fault, int], Awaitable[Outcome]]] = {
            Code.HEAD_SEQ: self._renumber, Code.SESSION_TURN: self._give_turn, Code.RUN_OUT_OF_TURN: self._give_turn,
            Code.RUN_UNMADE: self._disown, Code.MESSAGE_ORPHANED: self._remove, Code.RUN_ORPHANED: self._remove,
            Code.SHARE_ORPHANED: self._remove,
        }
        try:
            if fault.code is Code.EVENT_FAILING:
                return await self._expedite(fault, shard)
            if shard is None or fault.code not in repairs:
                return _ONLY_TOLD
            return await repairs[fault.code](fault, shard)
        except DomainError as failure:
            return _left(f"it could not be changed now ({failure.code}); check again")

    async def _renumber(self, fault: Fault, shard: int) -> Outcome:
        async with self.shards.open(_owner(fault)) as unit:
            session = await unit.sessions.get(_session(fault))
            numbering = await self.evidence.numbering(shard, session.id)
            if not numbering.whole:
                return _left("its messages have gaps")
            await _commit(unit, replace(session, head_seq=numbering.last))
        return Outcome(True, f"repaired: head_seq is {numbering.last} now")

    async def _give_turn(self, fault: Fault, shard: int) -> Outcome:
        async with self.shards.open(_owner(fault)) as unit:
            session = await unit.sessions.get(_session(fault))
            turns = await self.evidence.turns(shard, session.id)
            if len(turns.streaming) > 1:
                return _left(f"{len(turns.streaming)} runs stream in its session; check again when they have ended")
            if not turns.streaming and turns.queued:
                await self._start(unit, turns.queued[0])
            active, waiting = (*turns.streaming, *turns.queued)[:1], turns.queued[not turns.streaming :]
            await _commit(unit, replace(session, active_run_id=active[0] if active else None, waiting=len(waiting)))
        return Outcome(True, f"repaired: the active run is {active[0] if active else 'none'} now, and {len(waiting)} wait")

    async def _start(self, unit: ShardUnitOfWork, run_id: RunId) -> None:
        """Begin the run in the name of a node that nobody remembers: the living ones look for such runs."""
        run = await unit.runs.get(run_id)
        run.start(self._nobody())
        unit.runs.save(run)

    async def _disown(self, fault: Fault, shard: int) -> Outcome:
        async with self.shards.open(_owner(fault)) as unit:
            run: Run = await unit.runs.get(RunId(fault.ids["run_id"]))
            if run.node is not None or run.status.terminal:
                return _OF_NOBODY
            unit.runs.save(replace(run, node=self._nobody()))
            await unit.commit()
        return Outcome(True, "repaired: the next living node takes it up")

    async def _remove(self, fault: Fault, shard: int) -> Outcome:
        if await self.evidence.holds(_session(fault)):
            return _left("its session is there, on another shard perhaps; first bring both together")
        if fault.code is Code.RUN_ORPHANED:
            removed = await self.rows.remove_run(shard, RunId(fault.ids["run_id"]))
        elif fault.code is Code.SHARE_ORPHANED:
            removed = await self.rows.remove_share(shard, ShareId(fault.ids["share_id"]))
        else:
            removed = await self.rows.remove_message(shard, MessageId(fault.ids["message_id"]))
        return Outcome(True, "repaired: removed") if removed else _left("it is younger than an hour")

    async def _expedite(self, fault: Fault, shard: int | None) -> Outcome:
        expedited = await self.rows.expedite(shard, EventId(fault.ids["event_id"]))
        return Outcome(True, "repaired: it is due now, as if never tried") if expedited else _left("it changed meanwhile")

    def _nobody(self) -> NodeId:
        return NodeId(self.entropy.identifier("node", self.entropy.bucket()))


async def _commit(unit: ShardUnitOfWork, session: Session) -> None:
    unit.sessions.save(session)
    unit.record(session.changed())
    await unit.commit()


def _owner(fault: Fault) -> UserId:
    return UserId(fault.ids["owner_id"])


def _session(fault: Fault) -> SessionId:
    return SessionId(fault.ids["session_id"])
