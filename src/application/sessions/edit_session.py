"""Change a session's title, notes or place."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.ports.clock import Clock
from application.ports.shards import Shards
from application.sessions.views import SessionView
from domain.sessions.session import Session
from domain.shared.identifiers import SessionId


@dataclass(frozen=True, slots=True)
class EditSessionCommand:
    """What to change: a field is changed when its flag or value says so; `retitle` with `title` None removes the title."""

    actor: Actor
    session_id: SessionId
    retitle: bool = False
    title: str | None = None
    archived: bool | None = None
    metadata: Mapping[str, str] | None = None
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class EditSession:
    """Changes one of the caller's sessions."""

    shards: Shards
    clock: Clock

    async def execute(self, command: EditSessionCommand) -> SessionView:
        """Return the changed session; SessionNotFound."""
        return await carry_out(command.once, lambda: self._edit(command))

    async def _edit(self, command: EditSessionCommand) -> SessionView:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            edited = await recall(unit.keys, once, owner, SessionView)
            if edited is not None:
                return edited
            session = await unit.sessions.get(command.session_id)
            self._change(session, command)
            unit.sessions.save(session)
            unit.record(session.changed())
            remember(unit.keys, once, owner, SessionView.of(session))
            await unit.commit()
        return SessionView.of(session)

    def _change(self, session: Session, command: EditSessionCommand) -> None:
        now = self.clock.now()
        if command.retitle:
            session.retitle(command.title, now=now)
        if command.archived is not None:
            session.archive(command.archived, now=now)
        if command.metadata is not None:
            session.annotate(command.metadata, now=now)
