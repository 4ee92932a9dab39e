"""A shard store does what plain dicts do."""

import asyncio
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, precondition, rule

from application.paging import PageRequest
from application.runs.views import RunView
from application.sessions.views import SessionView
from domain.runs.run import Run
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import RunId, SessionId
from tests.contracts.ports.machines.world import WorldMachine
from tests.contracts.ports.shards.access import read_session, remove_all, remove_session
from tests.support.builders import LATER, NODE, new_session, new_user_id, replied, said
from tests.support.storing import save_session
from tests.support.walking import cut, page_with

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20).filter(str.strip)
limits, directions = st.integers(1, 4), st.booleans()


def page_at(cursor: str | None, *, limit: int, descending: bool, back: bool) -> PageRequest:
    return PageRequest(limit, descending, None if back else cursor, cursor if back else None)


@dataclass
class Held:
    """A session as somebody read or saved it some time ago."""

    session: Session


class ShardMachine(WorldMachine):
    """One owner's sessions, messages and runs; what was read long ago is written again and again."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.owner = new_user_id()
        self.sessions: dict[SessionId, Session] = {}
        self.messages: dict[SessionId, list[Message]] = {}
        self.runs: dict[RunId, Run] = {}

    @rule(target=held)
    def open(self) -> Held:
        session = new_session(self.owner)
        self.ask(self._add(session))
        self.sessions[session.id], self.messages[session.id] = deepcopy(session), []
        return Held(session)

    @rule(target=held, one=held)
    def read_again(self, one: Held) -> object:
        if one.session.id not in self.sessions:
            return multiple()
        return Held(self.ask(read_session(self.world.shards, self.owner, one.session.id)))

    @rule(one=held, text=texts, client_message_id=st.none() | st.sampled_from("ab"))
    def append(self, one: Held, text: str, client_message_id: str | None) -> None:
        session = deepcopy(one.session)
        session.archived = False
        message, run = said(session, text, client_message_id)
        used = {other.client_message_id for other in self.messages.get(session.id, ())} - {None}
        refused = StaleWrite if self._is_stale(one) or client_message_id in used else None
        if self.tells(refused, self._append(session, message, run)):
            self._keep(one, session)
            self.messages[session.id].append(message)
            self.runs[run.id] = deepcopy(run)

    @rule(one=held)
    def finish_the_reply(self, one: Held) -> None:
        active = self.runs.get(one.session.active_run_id or RunId(""))
        if active is None or active.status.terminal:
            return
        session, run = deepcopy(one.session), deepcopy(active)
        following = self.ask(self._next_queued(session))
        assert following == self._waiting_longest(session.id)
        reply = replied(session, run, following=following.id if following else None)
        changed = [run, following] if following else [run]
        for queued in changed[1:]:
            queued.start(NODE)
        if self.tells(StaleWrite if self._is_stale(one) else None, self._finish(session, reply, changed)):
            self._keep(one, session)
            self.messages[session.id].append(reply)
            self.runs |= {one.id: deepcopy(one) for one in changed}

    @rule(one=held, archived=st.booleans())
    def archive(self, one: Held, archived: bool) -> None:
        session = deepcopy(one.session)
        session.archive(archived, now=LATER)
        if self.tells(StaleWrite if self._is_stale(one) else None, save_session(self.world.shards, session)):
            self._keep(one, session)

    @rule(one=held)
    def remove(self, one: Held) -> None:
        if self.tells(StaleWrite if self._is_stale(one) else None, remove_session(self.world.shards, one.session)):
            self._drop(one.session.id)

    @rule()
    def remove_everything(self) -> None:
        self.ask(remove_all(self.world.shards, self.owner))
        for session_id in list(self.sessions):
            self._drop(session_id)

    @rule(one=held)
    def leave_without_commit(self, one: Held) -> None:
        session = deepcopy(one.session)
        session.archived = False
        self.ask(self._append(session, *said(session), commit=False))

    @rule(one=held)
    def race(self, one: Held) -> None:
        """Three who read the same write at once."""
        rivals = [deepcopy(one.session) for _ in range(3)]
        for number, rival in enumerate(rivals):
            rival.retitle(f"Title {number}", now=LATER)
        outcomes = self.ask(self._save_at_once(rivals))
        winners = [rival for rival, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
        assert Counter(map(type, outcomes))[StaleWrite] == 3 - len(winners)
        assert len(winners) == (0 if self._is_stale(one) else 1)
        for winner in winners:
            self._keep(one, winner)

    @rule(limit=limits, descending=directions, archived=st.none() | st.booleans(), place=st.integers(0, 5), back=st.booleans())
    def list_sessions(self, limit: int, descending: bool, archived: bool | None, place: int, back: bool) -> None:
        own = sorted(self.sessions)
        cursor = own[place] if place < len(own) else None
        request = page_at(cursor, limit=limit, descending=descending, back=back)
        kind = [session_id for session_id in own if archived is None or self.sessions[session_id].archived == archived]
        page = self.ask(self.world.sessions.list_for_owner(self.owner, request, archived))
        views = [SessionView.of(self.sessions[session_id]) for session_id in kind]
        assert page == cut(views, [view.id for view in views], request, cursor)

    @precondition(lambda self: any(self.messages.values()))
    @rule(limit=limits, descending=directions, place=st.integers(0, 7), back=st.booleans())
    def page_messages(self, limit: int, descending: bool, place: int, back: bool) -> None:
        for session_id, messages in self.messages.items():
            cursor = messages[place] if place < len(messages) else None
            request = page_at(cursor.id if cursor else None, limit=limit, descending=descending, back=back)
            excerpt = self.ask(self.world.sessions.read_messages(self.owner, session_id, request))
            assert excerpt.session == SessionView.of(self.sessions[session_id])
            seqs = [message.seq for message in messages]
            assert excerpt.messages == cut(messages, seqs, request, cursor.seq if cursor else None)

    @invariant()
    def numbers_have_no_gaps(self) -> None:
        for session_id, messages in self.messages.items():
            assert [message.seq for message in messages] == list(range(1, self.sessions[session_id].head_seq + 1))

    def teardown(self) -> None:
        """Compare everything."""
        listed = self.ask(page_with(lambda page: self.world.sessions.list_for_owner(self.owner, page, None), PageRequest(100)))
        assert {view.id: view for view in listed.items} == {key: SessionView.of(one) for key, one in self.sessions.items()}
        for session_id, session in self.sessions.items():
            assert self.ask(read_session(self.world.shards, self.owner, session_id)) == session
            recent = self.world.sessions.recent_messages(self.owner, session_id, limit=100, most_characters=10_000)
            assert list(self.ask(recent)) == self.messages[session_id]
        for run_id, run in self.runs.items():
            view = RunView.of(run) if run.session_id in self.sessions else None
            assert self.ask(self.world.runs.find(self.owner, run_id)) == view

    def _is_stale(self, one: Held) -> bool:
        stored = self.sessions.get(one.session.id)
        return stored is None or stored.version != one.session.version

    def _keep(self, one: Held, session: Session) -> None:
        assert session.version == one.session.version + 1
        one.session, self.sessions[session.id] = session, deepcopy(session)

    def _drop(self, session_id: SessionId) -> None:
        del self.sessions[session_id], self.messages[session_id]

    def _waiting_longest(self, session_id: SessionId) -> Run | None:
        if session_id not in self.sessions:
            return None
        queued = [run for run in self.runs.values() if run.session_id == session_id and run.status == "queued"]
        return min(queued, key=lambda run: run.message_seq, default=None)

    async def _add(self, session: Session) -> None:
        async with self.world.shards.open(self.owner) as unit:
            unit.sessions.add(session)
            await unit.commit()

    async def _append(self, session: Session, message: Message, run: Run, *, commit: bool = True) -> None:
        async with self.world.shards.open(self.owner) as unit:
            unit.sessions.save(session)
            unit.messages.add(message)
            unit.runs.add(run)
            if commit:
                await unit.commit()

    async def _next_queued(self, session: Session) -> Run | None:
        async with self.world.shards.open(self.owner) as unit:
            return await unit.runs.next_queued(session.id)

    async def _finish(self, session: Session, reply: Message, runs: list[Run]) -> None:
        async with self.world.shards.open(self.owner) as unit:
            unit.sessions.save(session)
            unit.messages.add(reply)
            for run in runs:
                unit.runs.save(run)
            await unit.commit()

    async def _save_at_once(self, rivals: list[Session]) -> list[BaseException | None]:
        saving = (save_session(self.world.shards, rival) for rival in rivals)
        return await asyncio.gather(*saving, return_exceptions=True)
