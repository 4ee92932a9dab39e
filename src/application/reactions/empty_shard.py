"""Leave nothing of an account that was erased."""

from dataclasses import dataclass

from application.emptying import empty_shard
from application.ports.shards import Shards
from application.reactions.reaction import CommittedEvents
from domain.users.user import UserErased


@dataclass(frozen=True, slots=True)
class EmptyShard:
    """The reaction that removes what was stored between the emptying of an owner's shard and the end of the account."""

    shards: Shards

    async def execute(self, command: CommittedEvents) -> None:
        """Empty the shards of all who were erased; Unavailable when one cannot be reached."""
        for event in command.events:
            if isinstance(event, UserErased):
                await empty_shard(self.shards, event.user_id)
