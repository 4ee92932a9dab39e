"""Users and what opens their account, read through a cache."""

from adapters.caching.cached_reads import CachedReads
from adapters.caching.shapes import ACTOR
from application.actor import Actor
from application.paging import Page, PageRequest
from application.ports.readers import UserReader
from application.reactions.keys import actor_key
from application.users.views import UserView
from domain.shared.identifiers import UserId
from domain.users.credential import ApiKey


class CachedUserReader(UserReader):
    """Caches who a token stands for. Profiles and keys are not cached: no event tells of a change to them."""

    def __init__(self, inner: UserReader, reads: CachedReads) -> None:
        self._inner, self._reads = inner, reads

    async def find_user(self, user_id: UserId) -> UserView | None:
        """Return the user as stored."""
        return await self._inner.find_user(user_id)

    async def find_actor(self, fingerprint: bytes) -> Actor | None:
        """Return who the token stands for; a new token is random, so nobody can have asked for it in vain before."""
        return await self._reads.read(actor_key(fingerprint), ACTOR, lambda: self._inner.find_actor(fingerprint))

    async def list_api_keys(self, user_id: UserId, page: PageRequest) -> Page[ApiKey]:
        """Return the keys as stored."""
        return await self._inner.list_api_keys(user_id, page)
