"""The wire of API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta

from domain.users.credential import ApiKey
from entrypoints.http.bounds import Name, ScopeName
from entrypoints.http.wire import In, Out

_IN: Final = "Seconds from now, in place of `expires_at`; five years at most."
_AT_MOST: Final = {"maximum": 157_680_000}
Moment = Annotated[datetime, Meta(tz=True)]


class ApiKeyIn(In, frozen=True):
    """What to call the key, what it may be used for (left out: all), and when it ends (left out: never)."""

    name: Name
    scopes: Annotated[list[ScopeName], Meta(min_length=1, max_length=20)] | None = None
    expires_at: Moment | None = None
    expires_in: Annotated[int, Meta(ge=1, le=10**12, description=_IN, extra_json_schema=_AT_MOST)] | None = None


class ApiKeyOut(Out, frozen=True):
    """A key as its owner sees it ever after; `scopes` is null for all, `expires_at` for never."""

    id: str
    name: str
    hint: str
    scopes: Sequence[str] | None
    expires_at: datetime | None
    created_at: datetime
    object: Literal["api_key"] = "api_key"

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyOut":
        """Return the shape of a key."""
        return cls(key.id, key.name, key.hint, key.scopes, key.expires_at, key.created_at)


class NewApiKeyOut(ApiKeyOut, frozen=True, kw_only=True):
    """A key that was just made; `key` is shown this once."""

    key: str

    @classmethod
    def with_secret(cls, key: ApiKey, secret: str) -> "NewApiKeyOut":
        """Return the shape of a key and its secret."""
        return cls(key.id, key.name, key.hint, key.scopes, key.expires_at, key.created_at, key=secret)
