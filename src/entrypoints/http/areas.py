"""Areas of the API, and giving their handlers what they need once, at the start.

Litestar would resolve each parameter anew for every request, several of them in a task each; here a handler's use cases are
bound when the application is made, and Litestar sees only what a request brings.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from litestar import Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard


@dataclass(frozen=True, slots=True)
class Area:
    """Handlers under one path, with what they share; one that has a guard of its own has that one alone."""

    path: str
    route_handlers: Sequence[HTTPRouteHandler]
    guards: Sequence[Guard] = ()
    dependencies: Mapping[str, Provide] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def router(self, parts: Mapping[str, Any]) -> Router:
        """Return the router, whose handlers and dependencies have those of the parts that they name."""
        return Router(
            self.path, tags=list(self.tags),
            route_handlers=[self._handler(handler, parts) for handler in self.route_handlers],
            dependencies={name: _provide(one.dependency, parts) for name, one in self.dependencies.items()},
        )

    def _handler(self, handler: HTTPRouteHandler, parts: Mapping[str, Any]) -> HTTPRouteHandler:
        filled = copy(handler)(bound(handler.fn, parts))
        filled.guards = filled.guards or tuple(self.guards)
        return filled


def bound(function: Callable[..., Any], parts: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function with its parameters that are parts filled in, and gone from its signature."""
    signature = inspect.signature(function)
    taken = {name: parts[name] for name in signature.parameters if name in parts}
    if not taken:
        return function

    async def call(**named: Any) -> Any:
        return await function(**named, **taken)

    def call_sync(**named: Any) -> Any:
        return function(**named, **taken)

    filled: Any = call if inspect.iscoroutinefunction(function) else call_sync
    rest = [one for one in signature.parameters.values() if one.name not in taken]
    filled.__signature__ = signature.replace(parameters=rest)
    filled.__annotations__ = {name: hint for name, hint in function.__annotations__.items() if name not in taken}
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(filled, name, getattr(function, name))
    return filled  # type: ignore[no-any-return]


def _provide(dependency: Any, parts: Mapping[str, Any]) -> Provide:
    filled = bound(dependency, parts)
    return Provide(filled) if inspect.iscoroutinefunction(filled) else Provide(filled, sync_to_thread=False)
