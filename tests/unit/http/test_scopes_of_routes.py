"""Every route says who may use it: one that is forgotten is for nobody who holds a key with scopes."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar

from application.actor import Actor
from domain.shared.identifiers import UserId
from domain.users.plan import Plan, UserRole
from domain.users.scopes import ALL, InsufficientScope
from entrypoints.http.scopes import require_allowed
from tests.support.application import Application

# What strangers may ask for. A path below these that needs a sign-in says so by a guard, and then by its scope.
PUBLIC = {
    ("POST", "/v1/users"), ("POST", "/v1/auth/login"), ("POST", "/v1/auth/refresh"),
    ("GET", "/v1/auth/oidc"), ("GET", "/v1/auth/oidc/{name:str}"), ("GET", "/v1/auth/oidc/{name:str}/callback"),
    ("POST", "/v1/auth/verify-email"), ("POST", "/v1/auth/password-reset"), ("POST", "/v1/auth/password-reset/confirm"),
    ("GET", "/v1/shared/{token:str}"), ("GET", "/v1/realtime"),
    ("GET", "/verify-email"), ("GET", "/reset-password"),
    ("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/docs"), ("GET", "/schema/openapi.json"),
}


def framework_of(application: Application) -> Litestar:
    app: Any = application.asgi
    while not isinstance(app, Litestar):
        app = app._app
    return app


def routes_of(application: Application) -> Iterator[tuple[str, str, Any]]:
    for route in framework_of(application).routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                yield method, route.path, handler


def is_public(handler: Any) -> bool:
    """Return whether nothing asks who comes."""
    return all(getattr(guard, "__name__", "") in {"anybody", "signing_in"} for guard in handler.resolve_guards())


def test_what_strangers_may_do_is_what_this_list_says(application: Application) -> None:
    found = {(method, path) for method, path, handler in routes_of(application) if is_public(handler)}
    assert {(method, path) for method, path in found if not path.startswith("/schema")} == {
        one for one in PUBLIC if not one[1].startswith("/schema")
    }


def test_every_other_route_names_a_scope(application: Application) -> None:
    others = [(method, path, handler.opt) for method, path, handler in routes_of(application) if not is_public(handler)]
    assert len(others) > 30
    assert [(method, path) for method, path, opt in others if opt.get("scope") not in ALL] == []


def test_whoever_holds_a_key_with_all_scopes_passes_no_route_that_says_nothing() -> None:
    actor = Actor(UserId("user_x"), Plan.PRO, role=UserRole.ADMIN, scopes=ALL)
    for scope in ALL:
        require_allowed(actor, scope)
    with pytest.raises(InsufficientScope):
        require_allowed(actor, None)


def test_routes_of_administrators_have_their_scope(application: Application) -> None:
    admin = {scope for _, path, handler in routes_of(application) if "/admin/" in path for scope in [handler.opt["scope"]]}
    assert admin == {"admin"}
