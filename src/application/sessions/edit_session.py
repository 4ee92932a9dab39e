"""Change a session's title, notes or place."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.actor import Actor
from application.ports.clock import Clock
from application.ports.shards import Shards
from application.retrying import again_when_stale
from application.sessions.views import SessionView
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


@dataclass(frozen=True, slots=True)
class EditSession:
    """Changes one of the caller's sessions."""

    shards: Shards
    clock: Clock

    async def execute(self, command: EditSessionCommand) -> SessionView:
        """Return the changed session; SessionNotFound."""
        return await again_when_stale(lambda: self._edit(command))

    async def _edit(self, command: EditSessionCommand) -> SessionView:
        now = self.clock.now()
        async with self.shards.open(command.actor.user_id) as unit:
            session = await unit.sessions.get(command.session_id)
            if command.retitle:
                session.retitle(command.title, now=now)
            if command.archived is not None:
                session.archive(command.archived, now=now)
            if command.metadata is not None:
                session.annotate(command.metadata, now=now)
            unit.sessions.save(session)
            unit.record(session.changed())
            await unit.commit()
        return SessionView.of(session)
