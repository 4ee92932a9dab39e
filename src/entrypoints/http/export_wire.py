"""The wire of an export: a line for each thing, in the shape that the API shows it in.

Secrets, and what is made of them, stay out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from msgspec import json
from msgspec.structs import asdict

from application.agents.views import AgentView
from application.export.export_user import Exported
from application.ports.records import Said
from application.runs.views import RunView
from application.sessions.views import SessionView, ShareView
from application.users.views import UserView
from domain.analytics.usage import DayUsage, UsageEntry
from domain.shared.money import dollars_of
from domain.users.audit import AuditEntry
from domain.users.credential import ApiKey, SignIn
from domain.users.identity import Identity
from domain.users.limits import Plans
from entrypoints.http.account_wire import AuditEntryOut
from entrypoints.http.agents_wire import AgentOut
from entrypoints.http.api_keys_wire import ApiKeyOut
from entrypoints.http.usage_wire import UsageDayOut
from entrypoints.http.users_wire import UserOut
from entrypoints.http.wire import MessageOut, Out, RunOut, SessionOut

_encode: Final = json.Encoder().encode


class ExportHead(Out, frozen=True):
    """The first line."""

    user_id: str
    started_at: datetime
    type: Literal["export"] = "export"
    version: Literal[1] = 1


class ExportEnd(Out, frozen=True):
    """The last line: without it the export was cut off. `counts` is how many lines of each type there were."""

    counts: Mapping[str, int]
    type: Literal["end"] = "end"


class ExportLine(Out, frozen=True):
    """A line between the first and the last."""

    type: str
    data: Out


class ProfileLine(UserOut, frozen=True, kw_only=True):
    """The profile, with what was agreed on with this customer alone."""

    own_limits: Mapping[str, object]
    monthly_budget_usd: str | None
    email_verified_at: datetime | None


class SignInLine(Out, frozen=True):
    """A device's sign-in."""

    id: str
    address: str | None
    device: str | None
    created_at: datetime
    renewed_at: datetime | None
    expires_at: datetime


class IdentityLine(Out, frozen=True):
    """How the account is opened from elsewhere."""

    issuer: str
    subject: str
    created_at: datetime


class RetirableAgent(AgentOut, frozen=True, kw_only=True):
    """An agent, in service or not."""

    retired: bool


class ShareLine(Out, frozen=True):
    """A link to a session, without its secret."""

    id: str
    session_id: str
    head_seq: int
    created_at: datetime
    updated_at: datetime


class MessageLine(MessageOut, frozen=True, kw_only=True):
    """A message, and whether another has taken its place."""

    superseded: bool


class UsageLine(Out, frozen=True):
    """What one reply took; `id` is that of its run."""

    id: str
    session_id: str | None
    agent_id: str | None
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: str
    estimated: bool
    at: datetime


def line_of(thing: Exported, plans: Plans) -> ExportLine:
    """Return the line that tells of a thing."""
    return ExportLine(*_told(thing, plans))


def encode_line(line: Out) -> bytes:
    """Return the line as JSON, with its end."""
    return _encode(line) + b"\n"


def _told(thing: Exported, plans: Plans) -> tuple[str, Out]:
    match thing:
        case Said(message, superseded):
            return "message", MessageLine(**asdict(MessageOut.of(message)), superseded=superseded)
        case RunView():
            return "run", RunOut.of(thing)
        case SessionView():
            return "session", SessionOut.of(thing)
        case ShareView(share_id, session_id, _, head_seq, created_at, updated_at):
            return "share", ShareLine(share_id, session_id, head_seq, created_at, updated_at)
        case UsageEntry() | DayUsage():
            return _told_of_usage(thing)
        case _:
            return _told_of_account(thing, plans)


def _told_of_account(
    thing: UserView | SignIn | ApiKey | Identity | AgentView | AuditEntry, plans: Plans
) -> tuple[str, Out]:
    match thing:
        case UserView():
            return "user", _profile(thing, plans)
        case SignIn():
            return "sign_in", SignInLine(
                thing.id, thing.address, thing.device, thing.created_at, thing.renewed_at, thing.expires_at
            )
        case ApiKey():
            return "api_key", ApiKeyOut.of(thing)
        case Identity(issuer, subject, _, created_at):
            return "identity", IdentityLine(issuer, subject, created_at)
        case AgentView():
            return "agent", RetirableAgent(**asdict(AgentOut.of(thing)), retired=thing.retired)
        case AuditEntry():
            return "audit", AuditEntryOut.of(thing)


def _profile(user: UserView, plans: Plans) -> ProfileLine:
    shown = {
        **asdict(UserOut.of(user, plans)),
        "own_limits": user.limits.said,
        "monthly_budget_usd": None if user.monthly_budget is None else dollars_of(user.monthly_budget),
        "email_verified_at": user.email_verified_at,
    }
    return ProfileLine(**shown)


def _told_of_usage(thing: UsageEntry | DayUsage) -> tuple[str, Out]:
    if isinstance(thing, DayUsage):
        return "usage_day", UsageDayOut.of(thing)
    usage = thing.usage
    return "usage_entry", UsageLine(
        thing.id, thing.session_id, thing.agent_id, thing.model, usage.input_tokens, usage.output_tokens, dollars_of(thing.cost),
        thing.estimated, thing.at,
    )
