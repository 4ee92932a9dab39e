"""Taking in what was said elsewhere: history that a client brings along."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.ports.entropy import Entropy
from application.ports.shards import ShardUnitOfWork
from domain.runs.run import Run
from domain.sessions.message import Content, Message, Role
from domain.sessions.session import Session
from domain.shared.identifiers import MessageId, RunId, bucket_of, reply_of

# What a viewer of such a run is told: what was said, the text, the outcome, the end, so far as there is each.
_OF_AN_EXCHANGE: Final = 4
_OF_ONE_SIDE: Final = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said."""

    role: Role
    content: Content


def take_in(
    unit: ShardUnitOfWork, session: Session, turns: Sequence[Turn], entropy: Entropy, *, now: datetime
) -> tuple[Message, ...]:
    """Stage the turns behind what the session has, and return them as messages; SessionArchived, RunActive, Invalid.

    Every message belongs to a run: a turn of the user's and the assistant's next to it are one exchange, which has ended; of a
    turn that stands alone the run was cancelled, or is its own beginning. Nothing is booked for them. The session is the
    caller's to save.
    """
    taken: list[Message] = []
    for place, turn in enumerate(turns):
        if turn.role is Role.ASSISTANT and place and turns[place - 1].role is Role.USER:
            continue
        following = turns[place + 1] if place + 1 < len(turns) else None
        reply = following if turn.role is Role.USER and following is not None and following.role is Role.ASSISTANT else None
        taken += _exchange(unit, session, turn, reply, entropy, now)
    return tuple(taken)


def _exchange(
    unit: ShardUnitOfWork, session: Session, turn: Turn, reply: Turn | None, entropy: Entropy, now: datetime
) -> list[Message]:
    bucket = bucket_of(session.owner_id)
    run_id = RunId(entropy.identifier("run", bucket))
    opening = reply_of(run_id) if turn.role is Role.ASSISTANT else MessageId(entropy.identifier("message", bucket))
    messages = [session.take_in(opening, turn.role, turn.content, run_id, now=now)]
    if reply is not None:
        messages.append(session.take_in(reply_of(run_id), reply.role, reply.content, run_id, now=now))
    unit.runs.add(
        Run.brought_along(
            run_id, session.id, session.owner_id, session.agent_id, opening, messages[0].seq,
            events=_OF_ONE_SIDE if reply is None else _OF_AN_EXCHANGE,
            replied=reply is not None or turn.role is Role.ASSISTANT, now=now,
        )
    )
    for message in messages:
        unit.messages.add(message)
    return messages
