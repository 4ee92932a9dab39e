"""Agents: the public catalogue, and one's own: /v1/agents."""

from typing import Any

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from application.agents.create_agent import CreateAgent, CreateAgentCommand
from application.agents.edit_agent import EditAgent, EditAgentCommand
from application.agents.queries import ListAgents, ListOwnAgents, ReadAgent
from application.agents.retire_agent import RetireAgent, RetireAgentCommand
from application.paging import PageRequest
from domain.agents.agent import AgentProfile, Visibility
from entrypoints.http.access import MaybeSignedIn, SignedIn, UseCase, maybe_signed_in, signed_in, whoever
from entrypoints.http.agents_wire import AgentIn, AgentOut, AgentPatchIn, SamplingBody
from entrypoints.http.areas import Area
from entrypoints.http.catalogue import CatalogueAnswers
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.parameters import agent_in_path, pages
from entrypoints.http.scopes import AGENTS, READ
from entrypoints.http.wire import DeletedOut, ListOut, list_of

_PAGE = {"page": Provide(pages("agent"), sync_to_thread=False)}


@get("/v1/agents", guards=[whoever], dependencies=_PAGE, opt=READ, summary="List the public catalogue")
async def read_catalogue(
    request: MaybeSignedIn, page: NamedDependency[PageRequest], list_agents: UseCase[ListAgents],
    catalogue_answers: UseCase[CatalogueAnswers],
) -> Response[ListOut[AgentOut]]:
    """Return public agents; no sign-in is needed."""
    # An answer to somebody who is signed in bears headers of that caller's alone.
    return catalogue_answers.page(page, await list_agents.execute(page), shared=request.auth is None)


@get("/v1/agents/{agent_id:str}", guards=[maybe_signed_in], opt=READ, summary="Read an agent")
async def read_one(
    request: MaybeSignedIn, agent_id: FromPath[str], read_agent: UseCase[ReadAgent], catalogue_answers: UseCase[CatalogueAnswers]
) -> Response[AgentOut]:
    """Return an agent by identifier or slug; a private one to its owner alone."""
    view = await read_agent.execute(agent_id, request.auth)
    if view.visibility is Visibility.PUBLIC:
        # An answer to somebody who is signed in may bear headers of that caller's alone.
        return catalogue_answers.agent(view, shared=request.auth is None)
    return Response(AgentOut.of(view))


@get("/v1/users/me/agents", guards=[signed_in], dependencies=_PAGE, opt=READ, summary="List your agents")
async def list_own(
    request: SignedIn, page: NamedDependency[PageRequest], list_own_agents: UseCase[ListOwnAgents]
) -> ListOut[AgentOut]:
    """Return the caller's agents, public and private."""
    return list_of(await list_own_agents.execute(request.auth, page), AgentOut.of)


@post("/v1/agents", guards=[signed_in], opt=AGENTS, summary="Make an agent")
async def make_agent(
    request: SignedIn, data: JSONBody[AgentIn], create_agent: UseCase[CreateAgent], once: KeyedOnce
) -> AgentOut:
    """Make an agent of one's own."""
    profile = AgentProfile(
        data.slug, data.name, data.description, data.persona, data.model, data.sampling.to_domain(), data.visibility
    )
    return AgentOut.of(await create_agent.execute(CreateAgentCommand(request.auth, profile, once)))


@patch("/v1/agents/{agent_id:str}", guards=[signed_in], opt=AGENTS, summary="Change an agent")
async def patch_agent(
    request: SignedIn, agent_id: FromPath[str], data: JSONBody[AgentPatchIn], edit_agent: UseCase[EditAgent],
    once: KeyedOnce,
) -> AgentOut:
    """Change the given fields of one of the caller's agents."""
    command = EditAgentCommand(request.auth, agent_in_path(agent_id), _changes(data), once)
    return AgentOut.of(await edit_agent.execute(command))


@delete("/v1/agents/{agent_id:str}", guards=[signed_in], status_code=200, opt=AGENTS, summary="Retire an agent")
async def delete_agent(
    request: SignedIn, agent_id: FromPath[str], retire_agent: UseCase[RetireAgent], once: KeyedOnce
) -> DeletedOut:
    """Take one of the caller's agents out of service; sessions with it stay readable."""
    wanted = agent_in_path(agent_id)
    await retire_agent.execute(RetireAgentCommand(request.auth, wanted, once))
    return DeletedOut(wanted, "agent")


def _changes(data: AgentPatchIn) -> dict[str, Any]:
    given = {name: getattr(data, name) for name in data.__struct_fields__}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    if isinstance(data.sampling, SamplingBody):
        changes["sampling"] = data.sampling.to_domain()
    return changes


area = Area(
    "/", route_handlers=[read_catalogue, read_one, list_own, make_agent, patch_agent, delete_agent],
    dependencies={"once": Provide(once_in("catalog"))}, tags=["agents"],
)
