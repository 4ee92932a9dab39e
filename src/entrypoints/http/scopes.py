"""What a route needs of its callers: each says it by `opt`, and who holds a key with scopes passes with that scope alone.

`@get("/", opt=READ)` is for keys that may read; a route that says nothing is for no key with scopes at all. Routes of
administrators need the role as well, whatever the caller holds.
"""

from collections.abc import Mapping
from typing import Any, Final

from application.actor import Actor
from domain.users.plan import UserRole
from domain.users.scopes import InsufficientScope, NotAdministrator, Scope, require_scope

READ: Final[Mapping[str, Any]] = {"scope": Scope.READ.value}
CHAT: Final[Mapping[str, Any]] = {"scope": Scope.CHAT.value}
AGENTS: Final[Mapping[str, Any]] = {"scope": Scope.AGENTS.value}
ACCOUNT: Final[Mapping[str, Any]] = {"scope": Scope.ACCOUNT.value}
ADMIN: Final[Mapping[str, Any]] = {"scope": Scope.ADMIN.value}


def require_allowed(actor: Actor, needed: str | None) -> None:
    """Return if the caller may make requests of this kind; InsufficientScope, NotAdministrator."""
    if needed is None:
        if actor.scopes is not None:
            raise InsufficientScope("No API key with scopes can make this request.")
        return
    if actor.scopes is not None:
        require_scope(actor.scopes, needed)
    if needed == Scope.ADMIN and actor.role is not UserRole.ADMIN:
        raise NotAdministrator("Only administrators may do this.")
