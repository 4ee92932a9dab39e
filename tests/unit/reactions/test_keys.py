import dataclasses
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, get_args, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.caching.shapes import Desk, Shelf
from application.actor import Actor
from application.agents.views import AgentView
from application.paging import Page, PageRequest
from application.reactions.keys import (
    SCHEMA,
    actor_key,
    agent_key,
    catalogue_key,
    catalogue_page_key,
    keys_of,
    message_page_key,
    session_key,
    session_list_key,
)
from application.sessions.views import SessionView
from domain.agents.agent import AgentChanged
from domain.runs.run import RunFinished, RunStatus
from domain.sessions.message import Message
from domain.sessions.session import SessionChanged, SessionsRemoved
from domain.shared.identifiers import AgentId, RunId, SessionId, UserId
from domain.users.credential import TokensRevoked
from domain.users.user import UserErased

OWNER = UserId("user_1")
_SHAPES = {
    3: (
        (
            "Actor(user_id: str, plan: Plan[free, standard, pro, enterprise], sign_in_id: str | None,"
            " expires_at: datetime | None, role: UserRole[user, admin], limits: OwnLimits(requests_per_minute: int | None,"
            " requests_per_day: int | None, tokens_per_day: int | None, concurrent_streams: int | None,"
            " message_characters: int | None, file_bytes: int | None,"
            " models: tuple[str, ...] | None), monthly_budget: int | None,"
            " scopes: tuple[str, ...] | None)"
        ),
        (
            "AgentView(id: str, owner_id: str | None, slug: str, name: str, description: str, persona: str, model: str,"
            " sampling: Sampling(temperature: float | None, top_p: float | None, max_tokens: int | None),"
            " visibility: Visibility[public, private], version: int, created_at: datetime, updated_at: datetime, retired: bool)"
        ),
        "Page(items: tuple[~T, ...], has_more: bool)",
        "Shelf(generation: str, name: str, page: ~T)",
        (
            "SessionView(id: str, agent_id: str, title: str | None, head_seq: int, archived: bool,"
            " metadata: collections.abc.Mapping[str, str], created_at: datetime, updated_at: datetime)"
        ),
        (
            "Message(id: str, session_id: str, seq: int, role: Role[user, assistant],"
            " content: tuple[domain.sessions.message.TextPart, ...], run_id: str,"
            " status: MessageStatus[completed, cancelled, failed], created_at: datetime, client_message_id: str | None)"
        ),
        (
            "Desk(session: SessionView(id: str, agent_id: str, title: str | None, head_seq: int, archived: bool,"
            " metadata: collections.abc.Mapping[str, str], created_at: datetime, updated_at: datetime), name: str,"
            " messages: application.paging.Page[domain.sessions.message.Message] | None)"
        ),
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
    assert tuple(shape(kind) for kind in (Actor, AgentView, Page, Shelf, SessionView, Message, Desk)) == _SHAPES[SCHEMA]


def test_a_changed_public_agent_is_forgotten_by_both_names_and_in_the_catalogue() -> None:
    keys = keys_of([AgentChanged(AgentId("agent_1"), "guide", True)])
    assert present(keys) == {agent_key("agent_1"), agent_key("guide"), catalogue_key()}


def test_a_private_agent_leaves_the_catalogue_alone() -> None:
    assert present(keys_of([AgentChanged(AgentId("agent_1"), "guide", False)])) == {agent_key("agent_1"), agent_key("guide")}


def test_revoked_tokens_are_forgotten_by_their_fingerprints() -> None:
    assert present(keys_of([TokensRevoked((b"a", b"b"))])) == {actor_key(b"a"), actor_key(b"b")}


def test_a_changed_session_is_forgotten_with_its_owners_list() -> None:
    session = SessionId("session_1")
    assert present(keys_of([SessionChanged(session, OWNER)])) == {session_key(OWNER, session), session_list_key(OWNER)}


def test_sessions_that_went_with_their_owner_are_forgotten_each_and_with_the_list() -> None:
    gone = (SessionId("session_1"), SessionId("session_2"))
    keys = present(keys_of([SessionsRemoved(OWNER, gone)]))
    assert keys == {session_list_key(OWNER), *(session_key(OWNER, one) for one in gone)}


def test_an_erased_account_has_no_list_any_more() -> None:
    assert present(keys_of([UserErased(OWNER)])) == {session_list_key(OWNER)}


def test_events_about_what_is_never_cached_have_no_keys() -> None:
    assert keys_of([RunFinished(RunId("run_1"), SessionId("session_1"), OWNER, RunStatus.COMPLETED)]) == ()


def test_a_page_of_messages_has_another_key_after_every_change() -> None:
    born = datetime(2026, 1, 2, tzinfo=UTC)
    session = SessionView(SessionId("session_1"), AgentId("agent_1"), None, 4, False, {}, born, born)
    changes = [session, replace(session, head_seq=5), replace(session, updated_at=born + timedelta(microseconds=1))]
    assert len({message_page_key(one, PageRequest(limit)) for one in changes for limit in (20, 50)}) == 6


def test_neighbouring_releases_are_forgotten_for() -> None:
    keys = keys_of([TokensRevoked((b"a",))])
    assert set(keys) == {actor_key(b"a", schema) for schema in (SCHEMA - 1, SCHEMA, SCHEMA + 1) if schema}


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
