"""What an API key may be used for: a closed set of names, each a kind of request."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from domain.shared.errors import Forbidden, Invalid

Scopes = tuple[str, ...] | None


class Scope(StrEnum):
    """A kind of request; a route belongs to one of them."""

    READ = "read"
    CHAT = "chat"
    AGENTS = "agents"
    ACCOUNT = "account"
    ADMIN = "admin"


ALL: Final = tuple(scope.value for scope in Scope)


class InsufficientScope(Forbidden):
    """The key is good, and not for this."""

    code = "insufficient_scope"


class NotAdministrator(Forbidden):
    """Only administrators may do this."""

    code = "administrators_only"


def parse_scopes(names: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes, each once and in the order of the set; Invalid where a name is unknown or there is none."""
    said = set(names)
    if not said or not said <= set(ALL):
        raise Invalid(f"'scopes' must be one or more of {', '.join(ALL)}.", param="scopes")
    return tuple(scope for scope in ALL if scope in said)


def require_scope(held: Scopes, needed: str) -> None:
    """Return if what is held (None: everything) is good for a request of this kind; InsufficientScope names it."""
    if held is not None and needed not in held:
        raise InsufficientScope(f"This API key has not the scope '{needed}' that the request needs.")


def require_within(asked: Scopes, held: Scopes) -> None:
    """Return if nobody who holds the one could gain by what is asked; InsufficientScope names the first that is too much."""
    if held is None:
        return
    for scope in ALL if asked is None else asked:
        if scope not in held:
            raise InsufficientScope(f"This API key has not the scope '{scope}', so it cannot hand it on.", param="scopes")
