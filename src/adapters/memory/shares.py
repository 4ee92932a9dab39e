"""Shares in memory, and what their links follow from."""

from copy import deepcopy

from adapters.memory.constraints import require_as_read, require_new, require_user
from adapters.memory.paging import page_by
from adapters.memory.staging import Staging
from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from application.freshness import Freshness, Tolerance
from application.paging import PageRequest
from application.ports.entropy import Entropy
from application.ports.link_seeds import LinkSeeds
from application.ports.readers import ShareReader
from application.ports.shards import ShareRepository
from application.sessions.views import SharedMessage, SharedSession, ShareView
from domain.sessions.message import Message, MessageStatus
from domain.sessions.share import Share
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import SessionId, ShareId, UserId


class MemoryShares(ShareRepository):
    """Shares of one owner."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    async def find(self, session_id: SessionId) -> Share | None:
        """Read a copy now."""
        return deepcopy(_share_of(await self._staging.store.read(), self._owner_id, session_id))

    async def list_ids(self) -> tuple[ShareId, ...]:
        """Read them now."""
        shares = (await self._staging.store.read()).shares.values()
        return tuple(share.id for share in shares if share.owner_id == self._owner_id)

    def add(self, share: Share) -> None:
        """Stage a copy."""
        fresh = deepcopy(share)

        def insert(tables: Tables) -> None:
            require_new(tables.shares, fresh.id)
            if any(other.session_id == fresh.session_id for other in tables.shares.values()):
                raise StaleWrite("Somebody else was faster.")
            tables.shares[fresh.id] = fresh

        self._staging.add(insert)

    def save(self, share: Share) -> None:
        """Stage a copy."""
        self._staging.save(lambda tables: tables.shares, share.id, share)

    def remove(self, share: Share) -> None:
        """Stage the deletion."""
        share_id, version = share.id, share.version

        def delete(tables: Tables) -> None:
            require_as_read(tables.shares, share_id, version)
            del tables.shares[share_id]

        self._staging.remove(delete)


class MemoryShareReader(ShareReader):
    """Shares, as all see them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> ShareView | None:
        """Read the share."""
        share = _share_of(await self._store.read(), owner_id, session_id)
        return None if share is None else ShareView.of(share)

    async def read_shared(self, share_id: ShareId, after: int, limit: int) -> SharedSession | None:
        """Read the share with some of its messages."""
        tables = await self._store.read()
        share = tables.shares.get(share_id)
        if share is None:
            return None
        shown = [_shown(one) for one in tables.messages.get(share.session_id, ()) if _is_shown(one, share)]
        page = page_by(shown, PageRequest(limit, descending=False), lambda message: message.seq, after)
        return SharedSession(share.id, share.fingerprint, share.snapshot, page)


class MemoryLinkSeeds(LinkSeeds):
    """Seeds in the catalog."""

    def __init__(self, store: MemoryStore, entropy: Entropy) -> None:
        self._store, self._entropy = store, entropy

    async def of(self, owner_id: UserId) -> bytes:
        """Read the seed, or store a new one."""
        fresh = self._entropy.secret("").encode()

        def take(tables: Tables) -> bytes:
            require_user(tables, owner_id)
            return tables.link_seeds.setdefault(owner_id, fresh)

        return await self._store.change(take)


def _share_of(tables: Tables, owner_id: UserId, session_id: SessionId) -> Share | None:
    found = (one for one in tables.shares.values() if (one.owner_id, one.session_id) == (owner_id, session_id))
    return next(found, None)


def _is_shown(message: Message, share: Share) -> bool:
    return message.seq <= share.snapshot.head_seq and message.status is not MessageStatus.FAILED


def _shown(message: Message) -> SharedMessage:
    return SharedMessage(message.seq, message.role, message.content, message.created_at)
