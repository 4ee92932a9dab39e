"""What all ways to have a reply made have in common."""

from application.agents.views import AgentView
from application.ports.readers import AgentReader
from application.ports.run_dispatcher import Assignment, RunDispatcher
from application.ports.shards import ShardUnitOfWork
from domain.agents.agent import AgentRetired
from domain.sessions.session import Session


async def agent_of(session: Session, agents: AgentReader) -> AgentView:
    """Return whom the session is with; AgentRetired when that one takes no new messages."""
    agent = await agents.find(session.agent_id)
    if agent is None or agent.retired or not agent.visible_to(session.owner_id):
        raise AgentRetired("The agent of this session takes no new messages.")
    return agent


async def store_and_begin(unit: ShardUnitOfWork, order: Assignment, dispatcher: RunDispatcher) -> None:
    """Commit, and have the reply made if it is its turn: from now on, for its viewers; what is not stored is dropped."""
    assert order.session is not None
    assert order.stored is not None
    if order.session.active_run_id == order.run.id:
        dispatcher.dispatch(order)
    try:
        await unit.commit()
    except BaseException:
        order.stored.cancel()
        dispatcher.drop(order.run.id)
        raise
    order.stored.set_result(None)
