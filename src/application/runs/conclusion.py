"""Storing how a run ended: reply, usage, events and the turn of the next run, in one commit."""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Final

from application.ports.clock import Clock
from application.ports.readers import RunReader
from application.ports.run_dispatcher import Assignment
from application.ports.run_leases import RunLeases
from application.ports.run_log import FencedOut
from application.ports.shards import Shards, ShardUnitOfWork
from application.runs.reply import Reply
from domain.analytics.usage import NOTHING_SPENT, PriceList, Spent, UsageEntry
from domain.runs.run import Run, RunError, Usage
from domain.sessions.message import Message, MessageStatus, Role, TextPart
from domain.sessions.session import Session
from domain.shared.errors import NotFound, StaleWrite, Unavailable
from domain.shared.identifiers import reply_of

_TRIES: Final = 60
_DELETED: Final = RunError("session_deleted", "The session was deleted.")
_log = logging.getLogger(__name__)


class NotStored(Exception):
    """The database did not come back in time; another node will take the run over."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """The stored reply, if there is any text, the run whose turn it is now, and what was booked."""

    message: Message | None
    following: Assignment | None
    booked: Spent = NOTHING_SPENT


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Ends runs in the database; what a later attempt has overtaken is refused."""

    shards: Shards
    runs: RunReader
    leases: RunLeases
    clock: Clock
    prices: PriceList

    async def store(self, order: Assignment, reply: Reply, last_seq: int) -> Concluded:
        """Commit the end, trying for as long as a database may take to come back; FencedOut, NotStored.

        Its owner's stream is free before anybody is told of the end.
        """
        concluded = await self._store(order, reply, last_seq)
        if order.hold is not None:
            order.hold.settle(concluded.booked)
        return concluded

    async def _store(self, order: Assignment, reply: Reply, last_seq: int) -> Concluded:
        known = order.session is not None
        for tries in range(_TRIES):
            try:
                return await self._commit(order, reply, last_seq, known=known)
            except NotFound:
                reply.error = _DELETED
                return Concluded(None, None)
            except (StaleWrite, Unavailable) as failure:
                if not known:
                    _log.warning("outcome not stored yet", extra={"run_id": order.run.id, "reason": failure.code})
                    await asyncio.sleep(min(0.02 * 2**tries, 5))
                known = False
        raise NotStored(order.run.id)

    async def _commit(self, order: Assignment, reply: Reply, last_seq: int, *, known: bool) -> Concluded:
        now, run = self.clock.now(), order.run
        async with self.shards.open(run.owner_id) as unit:
            session, stored = await self._as_stored(order, unit, known=known)
            if stored.status.terminal:
                return await self._concluded_before(session, stored, unit)
            entry = self._entry(stored, reply) if reply.billable else None
            following = await unit.runs.next_queued(session.id) if session.waiting else None
            message = self._message(session, run, reply)
            if message is not None:
                unit.messages.add(message)
            self._end(stored, reply, last_seq)
            session.release(run.id, following.id if following else None, now=now)
            if following is not None:
                following.start(self.leases.node)
                unit.runs.save(following)
            unit.sessions.save(session)
            unit.runs.save(stored)
            if entry is not None:
                unit.usage.book(entry)
            unit.record(session.changed())
            unit.record(stored.finished())
            await unit.commit()
        booked = NOTHING_SPENT if entry is None else Spent(entry.usage.total, entry.cost)
        return Concluded(message, None if following is None else Assignment(following, session), booked)

    async def _as_stored(self, order: Assignment, unit: ShardUnitOfWork, *, known: bool) -> tuple[Session, Run]:
        """Return copies of what is known (their versions guard them), or what is stored."""
        if known and order.session is not None:
            return replace(order.session), replace(order.run)
        session, stored = await unit.sessions.get(order.run.session_id), await unit.runs.get(order.run.id)
        if stored.attempt != order.run.attempt or stored.node != order.run.node:
            raise FencedOut(f"run {stored.id} is at attempt {stored.attempt}, {stored.status}")
        return session, stored

    async def _concluded_before(self, session: Session, stored: Run, unit: ShardUnitOfWork) -> Concluded:
        """Return what was stored by a commit whose acknowledgement was lost."""
        exchange = await self.runs.read_exchange(stored.owner_id, stored.id)
        message = next((message for message in exchange if message.role is Role.ASSISTANT), None)
        following = None if session.active_run_id is None else await unit.runs.get(session.active_run_id)
        ours = following is not None and following.node == self.leases.node and following.attempt == 1
        usage = stored.usage or Usage(0, 0)
        booked = Spent(usage.total, self.prices.cost(stored.model, usage))
        return Concluded(message, Assignment(following, session) if following is not None and ours else None, booked)

    def _message(self, session: Session, run: Run, reply: Reply) -> Message | None:
        text = reply.text
        if not text:
            return None
        return session.reply(reply_of(run.id), (TextPart(text),), run.id, MessageStatus(reply.status.value), now=self.clock.now())

    def _entry(self, run: Run, reply: Reply) -> UsageEntry:
        usage = reply.usage
        return UsageEntry(
            run.id, run.owner_id, run.session_id, run.agent_id, run.model, usage, self.prices.cost(run.model, usage),
            estimated=reply.counted is None, at=self.clock.now(),
        )

    def _end(self, run: Run, reply: Reply, last_seq: int) -> None:
        now = self.clock.now()
        if reply.cancelled:
            run.cancel(reply.usage, last_seq=last_seq, now=now)
        elif reply.error is not None:
            run.fail(reply.error, reply.usage, last_seq=last_seq, now=now)
        else:
            run.complete(reply.usage, last_seq=last_seq, now=now)
