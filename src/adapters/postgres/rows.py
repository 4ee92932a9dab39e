"""From rows to what the application knows, and back."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from msgspec import json

from application.actor import Actor
from application.agents.views import AgentView
from application.runs.views import ResponseView, RunView
from application.sessions.views import SessionView, SharedMessage, ShareView
from application.users.views import UserView
from domain.agents.agent import Agent, AgentProfile, Sampling, Visibility
from domain.runs.run import AS_THE_AGENT, Run, RunError, RunOptions, RunStatus, Usage
from domain.sessions.message import Message, MessageStatus, Role, TextPart, text_of
from domain.sessions.session import Session
from domain.sessions.share import Share, SharedAgent, Snapshot
from domain.shared.identifiers import bucket_of
from domain.users.credential import ApiKey, SignIn
from domain.users.limits import NO_OWN_LIMITS, OwnLimits
from domain.users.plan import Plan, UserRole
from domain.users.user import User

Row = Mapping[str, Any]
_decode_parts: Final = json.Decoder(tuple[TextPart, ...]).decode
# A page has a hundred messages: a getter in C and a dict are a third of what ten look-ups and two enums' calls take.
_of_message: Final = itemgetter(
    "id", "session_id", "seq", "role", "content", "run_id", "status", "created_at", "client_message_id"
)
_SESSION_COLUMNS: Final = ("id", "agent_id", "title", "head_seq", "archived", "metadata", "created_at", "updated_at")
_of_session: Final = {prefix: itemgetter(*(prefix + name for name in _SESSION_COLUMNS)) for prefix in ("", "of_")}
_ROLES: Final = {role.value: role for role in Role}
_STATUSES: Final = {status.value: status for status in MessageStatus}
_pairs: Final = json.Decoder(dict[str, str])
_encode: Final = json.Encoder().encode
_decode_options: Final = json.Decoder(RunOptions).decode
_decode_limits: Final = json.Decoder(OwnLimits).decode


def user_from(row: Row) -> User:
    """Return the entity."""
    return User(
        row["id"], row["email"], row["name"], Plan(row["plan"]), row["created_at"], row["updated_at"], row["version"],
        UserRole(row["role"]), _limits(row["limits"]), row["monthly_budget"], row["email_verified_at"],
    )


def user_view(row: Row) -> UserView:
    """Return the view."""
    return UserView.of(user_from(row))


def user_columns(user: User) -> dict[str, Any]:
    """Return all columns but the password's."""
    return {
        "id": user.id, "email": user.email, "name": user.name, "plan": user.plan.value,
        "created_at": user.created_at, "updated_at": user.updated_at, "version": user.version,
        "role": user.role.value, "limits": _encode(user.limits.said).decode(), "monthly_budget": user.monthly_budget,
        "email_verified_at": user.email_verified_at,
    }


def actor_from(row: Row) -> Actor:
    """Return who a token or key stands for."""
    scopes = row["scopes"]
    return Actor(
        row["id"], Plan(row["plan"]), row["sign_in_id"], row["expires_at"], UserRole(row["role"]), _limits(row["limits"]),
        row["monthly_budget"], None if scopes is None else tuple(scopes),
    )


def sign_in_from(row: Row) -> SignIn:
    """Return the entity."""
    return SignIn(
        row["id"], row["user_id"], row["access"], row["access_expires_at"], row["refresh"], row["expires_at"],
        row["created_at"], row["version"], row["address"], row["device"], row["renewed_at"],
    )


def sign_in_columns(sign_in: SignIn) -> dict[str, Any]:
    """Return all columns."""
    return {
        "id": sign_in.id, "user_id": sign_in.user_id,
        "access": sign_in.access, "access_expires_at": sign_in.access_expires_at,
        "refresh": sign_in.refresh, "expires_at": sign_in.expires_at,
        "created_at": sign_in.created_at, "version": sign_in.version,
        "address": sign_in.address, "device": sign_in.device, "renewed_at": sign_in.renewed_at,
    }


def api_key_from(row: Row) -> ApiKey:
    """Return the key."""
    scopes = row["scopes"]
    return ApiKey(
        row["id"], row["user_id"], row["name"], row["fingerprint"], row["hint"], row["created_at"],
        None if scopes is None else tuple(scopes), row["expires_at"],
    )


def api_key_columns(key: ApiKey) -> dict[str, Any]:
    """Return all columns."""
    return {
        "id": key.id, "user_id": key.user_id, "name": key.name, "fingerprint": key.fingerprint, "hint": key.hint,
        "created_at": key.created_at, "scopes": None if key.scopes is None else list(key.scopes), "expires_at": key.expires_at,
    }


def agent_from(row: Row) -> Agent:
    """Return the entity."""
    profile = AgentProfile(
        row["slug"], row["name"], row["description"], row["persona"], row["model"],
        Sampling(row["temperature"], row["top_p"], row["max_tokens"]), Visibility(row["visibility"]),
    )
    return Agent(row["id"], row["owner_id"], profile, row["created_at"], row["updated_at"], row["retired_at"], row["version"])


def agent_view(row: Row) -> AgentView:
    """Return the view."""
    return AgentView.of(agent_from(row))


def agent_columns(agent: Agent) -> dict[str, Any]:
    """Return all columns."""
    profile, sampling = agent.profile, agent.profile.sampling
    return {
        "id": agent.id, "owner_id": agent.owner_id, "slug": profile.slug, "name": profile.name,
        "description": profile.description, "persona": profile.persona, "model": profile.model,
        "temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_tokens,
        "visibility": profile.visibility.value, "created_at": agent.created_at, "updated_at": agent.updated_at,
        "retired_at": agent.retired_at, "version": agent.version,
    }


def session_from(row: Row) -> Session:
    """Return the entity."""
    return Session(
        row["id"], row["owner_id"], row["agent_id"], row["title"], row["created_at"], row["updated_at"],
        _pairs.decode(row["metadata"]), row["head_seq"], row["archived"], row["active_run_id"], row["waiting"], row["version"],
        row["client_chat_id"],
    )


def session_view(row: Row, prefix: str = "") -> SessionView:
    """Return the view; the columns' names may begin with a `prefix`."""
    name, agent_id, title, head_seq, archived, metadata, created_at, updated_at = _of_session[prefix](row)
    return SessionView(name, agent_id, title, head_seq, archived, _pairs.decode(metadata), created_at, updated_at)


def session_columns(session: Session) -> dict[str, Any]:
    """Return all columns."""
    return {
        "id": session.id, "owner_id": session.owner_id, "bucket": bucket_of(session.id), "agent_id": session.agent_id,
        "title": session.title, "metadata": _encode(session.metadata).decode(), "head_seq": session.head_seq,
        "archived": session.archived, "active_run_id": session.active_run_id, "waiting": session.waiting,
        "created_at": session.created_at, "updated_at": session.updated_at, "version": session.version,
        "client_chat_id": session.client_chat_id,
    }


def message_from(row: Row) -> Message:
    """Return the message."""
    name, session_id, seq, role, content, run_id, status, created_at, client_message_id = _of_message(row)
    return Message(
        name, session_id, seq, _ROLES[role], _decode_parts(content), run_id, _STATUSES[status], created_at, client_message_id
    )


def message_columns(message: Message) -> dict[str, Any]:
    """Return all columns."""
    return {
        "session_id": message.session_id, "seq": message.seq, "id": message.id, "bucket": bucket_of(message.id),
        "role": message.role.value, "content": _encode(message.content).decode(), "characters": len(text_of(message.content)),
        "run_id": message.run_id, "status": message.status.value, "created_at": message.created_at,
        "client_message_id": message.client_message_id, "superseded": False,
    }


def snapshot_from(row: Row) -> Snapshot:
    """Return what a share shows beside the messages."""
    agent = None if row["agent_name"] is None else SharedAgent(row["agent_id"], row["agent_name"])
    return Snapshot(row["title"], agent, row["head_seq"], row["taken_at"])


def share_from(row: Row) -> Share:
    """Return the entity."""
    return Share(
        row["id"], row["session_id"], row["owner_id"], row["fingerprint"], snapshot_from(row), row["created_at"], row["version"]
    )


def share_view(row: Row) -> ShareView:
    """Return the view."""
    return ShareView.of(share_from(row))


def share_columns(share: Share) -> dict[str, Any]:
    """Return all columns."""
    snapshot, agent = share.snapshot, share.snapshot.agent
    return {
        "id": share.id, "session_id": share.session_id, "owner_id": share.owner_id, "bucket": bucket_of(share.id),
        "fingerprint": share.fingerprint, "title": snapshot.title, "agent_id": agent.id if agent else None,
        "agent_name": agent.name if agent else None, "head_seq": snapshot.head_seq, "taken_at": snapshot.taken_at,
        "created_at": share.created_at, "version": share.version,
    }


def shared_message(row: Row) -> SharedMessage:
    """Return what everybody may see of a message."""
    return SharedMessage(row["seq"], Role(row["role"]), _decode_parts(row["content"]), row["said_at"])


def run_from(row: Row) -> Run:
    """Return the entity."""
    return Run(
        row["id"], row["session_id"], row["owner_id"], row["agent_id"], row["model"], row["message_id"], row["message_seq"],
        row["created_at"], RunStatus(row["status"]), row["attempt"], _usage(row), _error(row), row["finished_at"],
        row["last_seq"], row["node"], row["losses"], row["cancel_requested"], row["version"], _options(row["options"]),
    )


def run_view(row: Row) -> RunView:
    """Return the view."""
    return RunView(
        row["id"], row["session_id"], RunStatus(row["status"]), row["attempt"], _usage(row), _error(row), row["created_at"],
        row["finished_at"], row["last_seq"],
    )


def response_view(row: Row, said: Row, reply: Row) -> ResponseView:
    """Return the view of a run with its messages; the reply's columns are NULL where there is none."""
    return ResponseView(
        run_view(row), row["agent_id"], row["model"], _options(row["options"]), message_from(said),
        None if reply["id"] is None else message_from(reply),
    )


def run_columns(run: Run) -> dict[str, Any]:
    """Return all columns."""
    usage, error = run.usage, run.error
    return {
        "id": run.id, "session_id": run.session_id, "owner_id": run.owner_id, "bucket": bucket_of(run.id),
        "agent_id": run.agent_id, "model": run.model, "message_id": run.message_id, "message_seq": run.message_seq,
        "created_at": run.created_at, "status": run.status.value, "attempt": run.attempt,
        "input_tokens": usage.input_tokens if usage else None, "output_tokens": usage.output_tokens if usage else None,
        "error_code": error.code if error else None, "error_message": error.message if error else None,
        "finished_at": run.finished_at, "last_seq": run.last_seq, "node": run.node, "losses": run.losses,
        "cancel_requested": run.cancel_requested, "version": run.version,
        "options": None if run.options == AS_THE_AGENT else _encode(run.options).decode(),
    }


def _limits(stored: str) -> OwnLimits:
    return NO_OWN_LIMITS if stored == "{}" else _decode_limits(stored)


def _options(stored: str | None) -> RunOptions:
    return AS_THE_AGENT if stored is None else _decode_options(stored)


def _usage(row: Row) -> Usage | None:
    return None if row["input_tokens"] is None else Usage(row["input_tokens"], row["output_tokens"])


def _error(row: Row) -> RunError | None:
    return None if row["error_code"] is None else RunError(row["error_code"], row["error_message"])
