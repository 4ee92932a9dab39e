"""Entities as they are when they are new, no two of them with one identifier, address, slug or secret in a run of the tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from adapters.memory.entropy import MemoryEntropy
from domain.agents.agent import Agent, AgentProfile, Sampling, Visibility
from domain.runs.run import Run, Usage
from domain.sessions.message import Message, MessageStatus, TextPart
from domain.sessions.session import Session
from domain.shared.identifiers import (
    AgentId,
    ApiKeyId,
    AuditEntryId,
    MessageId,
    NodeId,
    RunId,
    SessionId,
    SignInId,
    UserId,
    bucket_of,
)
from domain.shared.secrets import fingerprint
from domain.users.audit import AuditAction, AuditEntry
from domain.users.credential import ApiKey, Credential, SignIn
from domain.users.plan import Plan
from domain.users.user import User

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
NODE = NodeId("node_of_test")
_entropy = MemoryEntropy(seed=2026)
_numbers = count(1)


def new_fingerprint() -> bytes:
    """Return what is stored of a new secret."""
    return fingerprint(_entropy.secret("test_"))


def new_slug() -> str:
    """Return a slug that no other agent has."""
    return f"agent-{next(_numbers)}-of-test"


def new_user_id() -> UserId:
    """Return the identifier of a user in any bucket."""
    return UserId(_entropy.identifier("user", _entropy.bucket()))


def new_user(email: str | None = None) -> User:
    """Return a new account."""
    return User.register(
        new_user_id(), email=email or f"user-{next(_numbers)}@example.org", name="Ada", plan=Plan.STANDARD, now=NOW
    )


def credential_of(user: User) -> Credential:
    """Return the user's password, of a kind."""
    return Credential(user.id, f"hash of {user.id}")


def new_sign_in(user_id: UserId) -> SignIn:
    """Return a new sign-in."""
    sign_in_id = SignInId(_entropy.identifier("signin", bucket_of(user_id)))
    return SignIn(sign_in_id, user_id, new_fingerprint(), LATER, new_fingerprint(), NOW + timedelta(days=30), NOW)


def rotated(sign_in: SignIn) -> bytes:
    """Rotate the sign-in's tokens and return the refresh token that this spends."""
    spent = sign_in.refresh
    sign_in.rotate(
        access=new_fingerprint(), access_expires_at=LATER + timedelta(hours=1),
        refresh=new_fingerprint(), expires_at=NOW + timedelta(days=60),
    )
    return spent


def new_api_key(user_id: UserId) -> ApiKey:
    """Return a new key."""
    key_id, secret = ApiKeyId(_entropy.identifier("key", bucket_of(user_id))), _entropy.secret("ola_")
    return ApiKey.issue(key_id, user_id, name="laptop", secret=secret, fingerprint=fingerprint(secret), now=NOW)


def new_profile(**changes: Any) -> AgentProfile:
    """Return what an owner might write."""
    profile = AgentProfile(
        new_slug(), "Guide", "Knows the way", "You are a guide.", "small", Sampling(0.5, None, 300), Visibility.PUBLIC
    )
    return replace(profile, **changes)


def new_agent(owner_id: UserId | None = None, **changes: Any) -> Agent:
    """Return a new agent, of the platform's own if nobody owns it."""
    bucket = _entropy.bucket() if owner_id is None else bucket_of(owner_id)
    return Agent(AgentId(_entropy.identifier("agent", bucket)), owner_id, new_profile(**changes), NOW, NOW)


def new_session(owner_id: UserId) -> Session:
    """Return a new, empty session."""
    return Session.open(
        SessionId(_entropy.identifier("session", bucket_of(owner_id))), owner_id, AgentId("agent_of_nobody"),
        title="On engines", metadata={"colour": "blue"}, now=NOW,
    )


def new_run_id(owner_id: UserId) -> RunId:
    """Return the identifier of a new run."""
    return RunId(_entropy.identifier("run", bucket_of(owner_id)))


def said(session: Session, text: str = "Hello!", client_message_id: str | None = None) -> tuple[Message, Run]:
    """Let the user say something in the session; return the message and its run, which streams, or waits behind another."""
    bucket = bucket_of(session.owner_id)
    run_id = RunId(_entropy.identifier("run", bucket))
    message = session.receive(
        MessageId(_entropy.identifier("message", bucket)), (TextPart(text),), run_id,
        now=LATER, client_message_id=client_message_id, may_wait=True,
    )
    run = Run(run_id, session.id, session.owner_id, session.agent_id, "small", message.id, message.seq, LATER)
    if session.active_run_id == run_id:
        run.start(NODE)
    return message, run


def replied(session: Session, run: Run, text: str = "Hello, you!", following: RunId | None = None) -> Message:
    """Let the agent's reply end the run and pass the session on to the run that follows."""
    message_id = MessageId(_entropy.identifier("message", bucket_of(session.owner_id)))
    reply = session.reply(message_id, (TextPart(text),), run.id, MessageStatus.COMPLETED, now=LATER)
    run.complete(Usage(11, 7), last_seq=9, now=LATER)
    session.release(run.id, following, now=LATER)
    return reply


def again(session: Session, message: Message) -> Run:
    """Return another run that answers the message; it streams."""
    run_id = new_run_id(session.owner_id)
    session.answer_again(run_id, now=LATER)
    run = Run(run_id, session.id, session.owner_id, session.agent_id, "small", message.id, message.seq, LATER)
    run.start(NODE)
    return run


def new_audit_entry(user_id: UserId) -> AuditEntry:
    """Return a new entry of the audit log."""
    entry_id = AuditEntryId(_entropy.identifier("audit", bucket_of(user_id)))
    return AuditEntry(entry_id, user_id, AuditAction.SIGNED_IN, NOW, user_id, "192.0.2.7", {"sign_in_id": "signin_of_test"})
