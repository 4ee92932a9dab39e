"""Add what was said elsewhere to a session."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.limits.allowances import Allowances
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.responses import ResponseReader
from application.ports.shards import Shards
from application.taking_in import Turn, take_in
from domain.sessions.message import Message
from domain.shared.identifiers import MessageId, SessionId


@dataclass(frozen=True, slots=True)
class AddMessagesCommand:
    """What was said, oldest first, and where it is added."""

    actor: Actor
    session_id: SessionId
    turns: tuple[Turn, ...]
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What is remembered: the messages by name. What users say is stored in one place."""

    ids: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class AddMessages:
    """Adds turns behind those that one of the caller's sessions has; nobody replies to them."""

    shards: Shards
    responses: ResponseReader
    allowances: Allowances
    clock: Clock
    entropy: Entropy

    async def execute(self, command: AddMessagesCommand) -> tuple[Message, ...]:
        """Return the turns as messages; SessionNotFound, SessionArchived, RunActive, Invalid."""
        return await carry_out(command.once, lambda: self._add(command))

    async def _add(self, command: AddMessagesCommand) -> tuple[Message, ...]:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            before = await recall(unit.keys, once, owner, Added)
            if before is not None:
                return await self._again(command, before)
            session = await unit.sessions.get(command.session_id)
            for turn in command.turns:
                self.allowances.require_length(command.actor, turn.content)
            messages = take_in(unit, session, command.turns, self.entropy, now=self.clock.now())
            unit.sessions.save(session)
            unit.record(session.changed())
            remember(unit.keys, once, owner, Added(tuple(message.id for message in messages)))
            await unit.commit()
        return messages

    async def _again(self, command: AddMessagesCommand, before: Added) -> tuple[Message, ...]:
        owner, session_id = command.actor.user_id, command.session_id
        found = [await self.responses.find_message(owner, session_id, message_id) for message_id in before.ids]
        return tuple(message for message in found if message is not None)
