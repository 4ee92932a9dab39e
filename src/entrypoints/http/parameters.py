"""What stands in paths and query strings."""

from collections.abc import Callable
from typing import Annotated, Literal

from litestar.params import FromQuery, QueryParameter

from application.paging import PageRequest
from domain.agents.agent import AgentNotFound
from domain.runs.run import RunNotFound
from domain.sessions.message import MessageNotFound
from domain.sessions.session import SessionNotFound
from domain.shared.errors import NotFound
from domain.shared.identifiers import (
    AgentId,
    ApiKeyId,
    MalformedIdentifier,
    MessageId,
    RunId,
    SessionId,
    SignInId,
    UserId,
    parse_identifier,
    pattern_of,
)
from domain.users.credential import ApiKeyNotFound, SignInNotFound
from domain.users.user import UserNotFound


def pages(prefix: str) -> Callable[..., PageRequest]:
    """Return the dependency that reads `limit`, `order`, `after` and `before`; cursors are identifiers with this prefix."""
    told = {"pattern": pattern_of(prefix)}

    def page(
        limit: FromQuery[int] = 20, order: FromQuery[Literal["asc", "desc"]] = "desc",
        after: Annotated[str | None, QueryParameter(schema_extra=told)] = None,
        before: Annotated[str | None, QueryParameter(schema_extra=told)] = None,
    ) -> PageRequest:
        for param, cursor in (("after", after), ("before", before)):
            if cursor is not None:
                parse_identifier(prefix, cursor, param=param)
        return PageRequest(limit, order == "desc", after, before)

    return page


def _in_path(prefix: str, text: str, missing: type[NotFound]) -> str:
    try:
        return parse_identifier(prefix, text, param=f"{prefix}_id")
    except MalformedIdentifier:
        raise missing(f"There is no {prefix} {text!r}.") from None


def session_in_path(text: str) -> SessionId:
    """Return the identifier; a malformed one names nothing: SessionNotFound."""
    return SessionId(_in_path("session", text, SessionNotFound))


def run_in_path(text: str) -> RunId:
    """Return the identifier; RunNotFound."""
    return RunId(_in_path("run", text, RunNotFound))


def message_in_path(text: str) -> MessageId:
    """Return the identifier; MessageNotFound."""
    return MessageId(_in_path("message", text, MessageNotFound))


def agent_in_path(text: str) -> AgentId:
    """Return the identifier; AgentNotFound."""
    return AgentId(_in_path("agent", text, AgentNotFound))


def key_in_path(text: str) -> ApiKeyId:
    """Return the identifier; ApiKeyNotFound."""
    return ApiKeyId(_in_path("key", text, ApiKeyNotFound))


def user_in_path(text: str) -> UserId:
    """Return the identifier; UserNotFound."""
    return UserId(_in_path("user", text, UserNotFound))


def sign_in_in_path(text: str) -> SignInId:
    """Return the identifier; SignInNotFound."""
    return SignInId(_in_path("signin", text, SignInNotFound))
