"""A session that everybody who has the link may read: what had been said in it when it was shared, and no more.

A link's token is the share's identifier, which names its bucket, and a secret that follows from a seed of the owner's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.shared.errors import NotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, MalformedIdentifier, SessionId, ShareId, UserId, parse_identifier
from domain.shared.secrets import derive_secret

_PREFIX: Final = "share"
_TAIL_LENGTH: Final = 26


class ShareNotFound(NotFound):
    """The session is not shared, or the link is not good, or not any more."""

    code = "share_not_found"


@dataclass(frozen=True, slots=True)
class SessionShared(DomainEvent):
    """A session was shared, or shared again: what anybody has kept of this share is out of date."""

    share_id: ShareId


@dataclass(frozen=True, slots=True)
class SharesRevoked(DomainEvent):
    """The links of these shares lead nowhere from now on."""

    share_ids: tuple[ShareId, ...]


@dataclass(frozen=True, slots=True)
class SharedAgent:
    """With whom the talk was; `id` is None unless everybody may look the agent up."""

    id: AgentId | None
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is shown beside the messages up to `head_seq`; `agent` is None if it was gone already."""

    title: str | None
    agent: SharedAgent | None
    head_seq: int
    taken_at: datetime


@dataclass(slots=True)
class Share:
    """The one link to a session; `fingerprint` is that of its secret, `version` counts changes."""

    id: ShareId
    session_id: SessionId
    owner_id: UserId
    fingerprint: bytes
    snapshot: Snapshot
    created_at: datetime
    version: int = 0

    def renew(self, fingerprint: bytes, snapshot: Snapshot) -> None:
        """Show the session as it is now."""
        self.fingerprint, self.snapshot = fingerprint, snapshot


def secret_of_link(share_id: ShareId, seed: bytes) -> str:
    """Return the secret half of the link's token: 256 bits that nobody can tell who has not the owner's seed."""
    return derive_secret("", seed, share_id)


def token_of_link(share_id: ShareId, secret: str) -> str:
    """Return the token."""
    return share_id.removeprefix(f"{_PREFIX}_") + secret


def parse_token(token: str) -> tuple[ShareId, str]:
    """Return the share and the secret that a token names; ShareNotFound for text that is none."""
    try:
        share_id = parse_identifier(_PREFIX, f"{_PREFIX}_{token[:_TAIL_LENGTH]}", param="token")
    except MalformedIdentifier:
        raise ShareNotFound("There is no such link.") from None
    return ShareId(share_id), token[_TAIL_LENGTH:]
