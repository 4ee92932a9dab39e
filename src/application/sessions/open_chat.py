"""Find the session that a client calls by a name of its own, or open it."""

from dataclasses import dataclass

from application.access import visible_agent
from application.actor import Actor
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.readers import AgentReader, SessionReader
from application.ports.shards import Shards
from application.retrying import again_when_stale
from application.sessions.chats import find_chat
from application.sessions.views import SessionView
from domain.sessions.session import Session
from domain.shared.errors import Invalid
from domain.shared.identifiers import SessionId, bucket_of


@dataclass(frozen=True, slots=True)
class OpenChatCommand:
    """Which chat, by its session's identifier or a name of the client's; `agent` is an identifier or a slug."""

    actor: Actor
    chat: str
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class OpenChat:
    """Leads each user's name for a chat to one session, which is opened when the name is new, however many ask at once."""

    sessions: SessionReader
    agents: AgentReader
    shards: Shards
    clock: Clock
    entropy: Entropy

    async def execute(self, command: OpenChatCommand) -> SessionView:
        """Return the session; SessionNotFound, AgentNotFound; Invalid when a new chat names no agent, or a known one another."""
        return await again_when_stale(lambda: self._found_or_opened(command))

    async def _found_or_opened(self, command: OpenChatCommand) -> SessionView:
        known = await find_chat(self.sessions, command.actor.user_id, command.chat)
        if known is None:
            return await self._opened(command)
        if command.agent not in (None, known.agent_id):
            agent = await self.agents.find(command.agent or "")
            if agent is None or agent.id != known.agent_id:
                raise Invalid("This chat is with another agent.", param="agent_id")
        return known

    async def _opened(self, command: OpenChatCommand) -> SessionView:
        owner = command.actor.user_id
        if command.agent is None:
            raise Invalid("A new chat needs an 'agent_id'.", param="agent_id")
        agent = await visible_agent(self.agents, command.agent, owner)
        async with self.shards.open(owner) as unit:
            session = Session.open(
                SessionId(self.entropy.identifier("session", bucket_of(owner))), owner, agent.id,
                title=None, metadata={}, now=self.clock.now(), client_chat_id=command.chat,
            )
            unit.sessions.add(session)
            unit.record(session.changed())
            await unit.commit()
        return SessionView.of(session)
