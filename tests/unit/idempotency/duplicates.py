"""Requests that are made twice: each use case with a key, over memory adapters."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, fields
from typing import Any, Final

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.entropy import MemoryEntropy
from adapters.memory.leases import MemoryRunLeases
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader, MemorySessionReader
from adapters.memory.responses import MemoryResponseReader
from adapters.memory.run_bell import MemoryRunBell
from adapters.memory.shards import MemoryShards
from adapters.memory.shares import MemoryLinkSeeds
from adapters.memory.tables import Tables
from adapters.models.scripted import ScriptedModel
from application.actor import Actor
from application.agents.create_agent import CreateAgent, CreateAgentCommand
from application.agents.edit_agent import EditAgent, EditAgentCommand
from application.agents.retire_agent import RetireAgent, RetireAgentCommand
from application.idempotency import Once
from application.naming import Naming
from application.ports.run_dispatcher import Assignment, RunDispatcher
from application.runs.cancel_run import CancelRun, CancelRunCommand
from application.runs.casting import Casting
from application.runs.create_response import CreateResponse, CreateResponseCommand
from application.runs.joining import Joining
from application.runs.send_message import SendMessage, SendMessageCommand
from application.sessions.add_messages import AddMessages, AddMessagesCommand
from application.sessions.delete_session import DeleteSession, DeleteSessionCommand
from application.sessions.edit_session import EditSession, EditSessionCommand
from application.sessions.open_session import OpenSession, OpenSessionCommand
from application.sessions.revoke_share import RevokeShare, RevokeShareCommand
from application.sessions.share_session import ShareSession, ShareSessionCommand
from application.stopping import RunStopper
from application.taking_in import Turn
from application.users.issue_api_key import IssueApiKey, IssueApiKeyCommand
from application.users.log_out import LogOut, LogOutCommand
from application.users.refresh_tokens import RefreshTokens, RefreshTokensCommand
from application.users.rename_user import RenameUser, RenameUserCommand
from application.users.revoke_api_key import RevokeApiKey, RevokeApiKeyCommand
from domain.agents.agent import Agent
from domain.runs.run import Run
from domain.sessions.message import Role, TextPart
from domain.sessions.session import Session
from domain.shared.identifiers import NodeId, RunId
from domain.shared.secrets import fingerprint
from domain.users.credential import ApiKey, SignIn
from domain.users.plan import Plan
from domain.users.user import User
from tests.contracts.ports.shares import new_share
from tests.support.builders import NODE, new_agent, new_api_key, new_profile, new_session, new_sign_in, new_user, said
from tests.support.limits import default_allowances
from tests.support.storing import credential_of
from tests.unit.idempotency.turns import TurnStore

REFRESH: Final = "olr_of_test"
REQUEST, SEED = b"\x01" * 32, b"\x02" * 32


class Wanted(RunDispatcher):
    """Notes the runs that it was given, and makes none."""

    def __init__(self) -> None:
        self.runs: set[RunId] = set()

    def dispatch(self, assignment: Assignment) -> None:
        self.runs.add(assignment.run.id)

    def drop(self, run_id: RunId) -> None:
        self.runs.discard(run_id)

    @property
    def making(self) -> Collection[RunId]:
        return self.runs

    def interrupt(self, run_id: RunId) -> bool:
        return False


@dataclass
class World:
    """A user with one thing of each kind, and all that use cases are made of."""

    store: TurnStore
    clock: HandClock
    user: User
    agent: Agent
    session: Session
    sign_in: SignIn
    api_key: ApiKey
    waiting: Run
    shared: Session

    def __post_init__(self) -> None:
        self.entropy, self.models, self.dispatcher = MemoryEntropy(seed=7), ScriptedModel(), Wanted()
        self.catalog, self.shards = MemoryCatalog(self.store), MemoryShards(self.store)
        self.agents, self.sessions = MemoryAgentReader(self.store), MemorySessionReader(self.store)
        self.runs, self.responses = MemoryRunReader(self.store), MemoryResponseReader(self.store)
        self.seeds = MemoryLinkSeeds(self.store, self.entropy)
        self.leases, self.bell = MemoryRunLeases(self.store, NodeId("node_x")), MemoryRunBell()
        self.stopper = RunStopper(self.shards, self.runs, self.dispatcher, self.clock)
        self.actor = Actor(self.user.id, Plan.FREE, self.sign_in.id)

    async def sizes(self) -> dict[str, int]:
        """Return how many rows each table has; of runs, those that somebody makes."""
        tables: Tables = await self.store.read()
        return {table.name: len(getattr(tables, table.name)) for table in fields(tables)} | {
            "said": sum(map(len, tables.messages.values())), "made": len(self.dispatcher.runs),
        }


async def new_world() -> World:
    """Return a world in which nothing has happened yet."""
    clock, user = HandClock(), new_user()
    agent, session, sign_in = new_agent(user.id, model="scripted"), new_session(user.id), new_sign_in(user.id)
    session.agent_id, sign_in.refresh = agent.id, fingerprint(REFRESH)
    busy = new_session(user.id)
    said(busy)
    _, waiting = said(busy)
    world = World(TurnStore(clock), clock, user, agent, session, sign_in, new_api_key(user.id), waiting, busy)
    async with world.catalog.open() as unit:
        unit.users.add(user, credential_of(user))
        unit.agents.add(agent)
        unit.sign_ins.add(sign_in)
        unit.api_keys.add(world.api_key)
        await unit.commit()
    async with world.shards.open(user.id) as shard:
        shard.sessions.add(session)
        shard.sessions.add(busy)
        shard.runs.add(waiting)
        shard.shares.add(new_share(busy))
        await shard.commit()
    assert (waiting.status, waiting.node, NODE) == ("queued", None, NODE)
    return world


def once() -> Once:
    """Return the key of a request that is made again and again."""
    return Once("k", REQUEST, SEED)


Attempt = Callable[[World, Once], Awaitable[Any]]
DUPLICATES: Final[dict[str, Attempt]] = {
    "open a session": lambda w, key: OpenSession(w.agents, w.shards, default_allowances(w.models), w.clock, w.entropy).execute(
        OpenSessionCommand(w.actor, w.agent.id, "Title", {"a": "b"}, key)
    ),
    "edit a session": lambda w, key: EditSession(w.shards, w.clock).execute(
        EditSessionCommand(w.actor, w.session.id, retitle=True, title="Another", once=key)
    ),
    "delete a session": lambda w, key: DeleteSession(w.shards, w.stopper).execute(
        DeleteSessionCommand(w.actor, w.session.id, key)
    ),
    "share a session": lambda w, key: ShareSession(w.shards, w.agents, w.seeds, w.clock, w.entropy).execute(
        ShareSessionCommand(w.actor, w.session.id, key)
    ),
    "revoke a share": lambda w, key: RevokeShare(w.shards).execute(RevokeShareCommand(w.actor, w.shared.id, key)),
    "say something": lambda w, key: SendMessage(
        w.shards, w.sessions, w.runs, w.agents, w.dispatcher, w.stopper, w.leases, w.bell, default_allowances(w.models), w.clock,
        w.entropy,
    ).execute(SendMessageCommand(w.actor, w.session.id, (TextPart("Hi"),), once=key)),
    "have a response made": lambda w, key: CreateResponse(
        Joining(w.sessions, w.responses), Casting(w.agents, Naming(w.agents, w.models)), w.responses, w.shards, w.dispatcher,
        w.leases, w.bell, default_allowances(w.models), w.clock, w.entropy,
    ).execute(CreateResponseCommand(w.actor, (TextPart("Hi"),), w.agent.id, (Turn(Role.USER, (TextPart("Before"),)),), once=key)),
    "add what was said": lambda w, key: AddMessages(
        w.shards, w.responses, default_allowances(w.models), w.clock, w.entropy
    ).execute(AddMessagesCommand(w.actor, w.session.id, (Turn(Role.USER, (TextPart("Hi"),)),), key)),
    "cancel a run": lambda w, key: CancelRun(w.shards, w.stopper).execute(CancelRunCommand(w.actor, w.waiting.id, key)),
    "make an agent": lambda w, key: CreateAgent(w.catalog, w.models, default_allowances(w.models), w.clock, w.entropy).execute(
        CreateAgentCommand(w.actor, new_profile(model="scripted", slug="guide-of-test"), key)
    ),
    "edit an agent": lambda w, key: EditAgent(w.catalog, w.models, default_allowances(w.models), w.clock).execute(
        EditAgentCommand(w.actor, w.agent.id, {"name": "Another"}, key)
    ),
    "retire an agent": lambda w, key: RetireAgent(w.catalog, w.clock).execute(RetireAgentCommand(w.actor, w.agent.id, key)),
    "rename the user": lambda w, key: RenameUser(w.catalog, w.clock).execute(RenameUserCommand(w.actor, "Grace", key)),
    "make an API key": lambda w, key: IssueApiKey(w.catalog, w.clock, w.entropy).execute(
        IssueApiKeyCommand(w.actor, "laptop", once=key)
    ),
    "revoke an API key": lambda w, key: RevokeApiKey(w.catalog, w.clock, w.entropy).execute(
        RevokeApiKeyCommand(w.actor, w.api_key.id, key)
    ),
    "refresh tokens": lambda w, key: RefreshTokens(w.catalog, w.clock, w.entropy).execute(RefreshTokensCommand(REFRESH, key)),
    "sign out": lambda w, key: LogOut(w.catalog, w.clock, w.entropy).execute(LogOutCommand(w.actor, key)),
}
