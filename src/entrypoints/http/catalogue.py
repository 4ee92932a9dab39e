"""The catalogue's answers, rendered once for as long as the readers hand out the same views."""

from msgspec import json

from application.agents.views import AgentView
from application.paging import Page, PageRequest
from entrypoints.http.agents_wire import AgentOut
from entrypoints.http.public_answer import PublicAnswer
from entrypoints.http.rendered import Rendered
from entrypoints.http.wire import list_of


class CatalogueAnswers:
    """Answers about public agents, with the surrogate keys by which a change purges them."""

    def __init__(self) -> None:
        self._pages: Rendered[Page[AgentView]] = Rendered(lambda page: json.encode(list_of(page, AgentOut.of)))
        self._agents: Rendered[AgentView] = Rendered(lambda agent: json.encode(AgentOut.of(agent)))

    def page(self, request: PageRequest, page: Page[AgentView], *, shared: bool = True) -> PublicAnswer:
        """Return the answer with a page: the same for everybody."""
        return PublicAnswer(self._pages.render(request, page), ["agents"], shared=shared)

    def agent(self, agent: AgentView, *, shared: bool) -> PublicAnswer:
        """Return the answer with a public agent."""
        return PublicAnswer(self._agents.render(agent.id, agent), ["agents", f"agent:{agent.id}"], shared=shared)
