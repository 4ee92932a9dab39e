import dataclasses
from enum import Enum
from typing import Any, get_args, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st

from application.actor import Actor
from application.agents.views import AgentView
from application.paging import Page, PageRequest
from application.reactions.keys import SCHEMA, actor_key, agent_key, catalogue_key, catalogue_page_key, keys_of
from domain.agents.agent import AgentChanged
from domain.runs.run import RunFinished, RunStatus
from domain.sessions.session import SessionChanged
from domain.shared.identifiers import AgentId, RunId, SessionId, UserId
from domain.users.credential import TokensRevoked
from domain.users.user import UserErased

OWNER = UserId("user_1")
_SHAPES = {
    1: (
        "Actor(user_id: str, plan: Plan[free, standard, pro, enterprise], sign_in_id: str | None, expires_at: datetime | None)",
        (
            "AgentView(id: str, owner_id: str | None, slug: str, name: str, description: str, persona: str, model: str,"
            " sampling: Sampling(temperature: float | None, top_p: float | None, max_tokens: int | None),"
            " visibility: Visibility[public, private], version: int, created_at: datetime, updated_at: datetime, retired: bool)"
        ),
        "Page(items: tuple[~T, ...], has_more: bool)",
    )
}


def shape(kind: Any) -> str:
    """Describe a type with all that its values hold."""
    if hasattr(kind, "__supertype__"):
        return shape(kind.__supertype__)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"{kind.__name__}[{', '.join(str(member.value) for member in kind)}]"
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return f"{kind.__name__}({', '.join(f'{name}: {shape(hint)}' for name, hint in get_type_hints(kind).items())})"
    if type(None) in get_args(kind):
        return " | ".join("None" if part is type(None) else shape(part) for part in get_args(kind))
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)


def present(keys: tuple[str, ...]) -> set[str]:
    """Return the keys of the present schema."""
    return {key for key in keys if key.startswith(f"{SCHEMA}:")}


def test_what_is_cached_changes_only_with_the_schema_number() -> None:
    assert (shape(Actor), shape(AgentView), shape(Page)) == _SHAPES[SCHEMA]


def test_a_changed_public_agent_is_forgotten_by_both_names_and_in_the_catalogue() -> None:
    keys = keys_of([AgentChanged(AgentId("agent_1"), "guide", True)])
    assert present(keys) == {agent_key("agent_1"), agent_key("guide"), catalogue_key()}


def test_a_private_agent_leaves_the_catalogue_alone() -> None:
    assert present(keys_of([AgentChanged(AgentId("agent_1"), "guide", False)])) == {agent_key("agent_1"), agent_key("guide")}


def test_revoked_tokens_are_forgotten_by_their_fingerprints() -> None:
    assert present(keys_of([TokensRevoked((b"a", b"b"))])) == {actor_key(b"a"), actor_key(b"b")}


def test_events_about_what_is_never_cached_have_no_keys() -> None:
    session, run = SessionId("session_1"), RunId("run_1")
    events = [SessionChanged(session, OWNER), RunFinished(run, session, OWNER, RunStatus.COMPLETED), UserErased(OWNER)]
    assert keys_of(events) == ()


def test_neighbouring_releases_are_forgotten_for() -> None:
    keys = keys_of([TokensRevoked((b"a",))])
    assert set(keys) == {actor_key(b"a", schema) for schema in (SCHEMA - 1, SCHEMA, SCHEMA + 1)}


def test_a_key_that_several_events_name_comes_once() -> None:
    event = AgentChanged(AgentId("agent_1"), "guide", True)
    assert keys_of([event, event]) == keys_of([event])


_cursors = st.none() | st.text("ab:", max_size=2)
_limits = st.integers(19, 21)
_orders = st.booleans()
_pages = st.builds(PageRequest, _limits, _orders, _cursors) | st.builds(PageRequest, _limits, _orders, before=_cursors)


@settings(max_examples=1_000)
@given(_pages, _pages, st.sampled_from(["g", "h"]), st.sampled_from(["g", "h"]))
def test_pages_share_a_key_only_when_all_their_parameters_agree(one: PageRequest, other: PageRequest, g: str, h: str) -> None:
    assert (catalogue_page_key(g, one) == catalogue_page_key(h, other)) == ((one, g) == (other, h))
