"""The edge that the settings name, and the reaction that purges it."""

from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from dishka import Provider, Scope, provide

from application.ports.edge import EdgePurger
from application.reactions.purge_edge import PurgeEdge
from entrypoints.settings import Settings, SettingsError

_GROUP: Final = "onelast.edges"
# Longer than a node goes by its own memory, and than most answers are under way.
_SETTLE_SECONDS: Final = 2.0


class EdgeProvider(Provider):
    """The purger, from whichever package offers it."""

    scope = Scope.APP

    @provide
    async def purger(self, settings: Settings) -> AsyncIterator[EdgePurger]:
        """Open the edge."""
        purger = open_purger(settings)
        yield purger
        await purger.close()

    @provide
    def reaction(self, purger: EdgePurger, settings: Settings) -> PurgeEdge:
        """Return the reaction; where there is no edge, nothing is done twice for it."""
        return PurgeEdge(purger, settle=None if settings.edge == "none" else _SETTLE_SECONDS)


def open_purger(settings: Settings) -> EdgePurger:
    """Return the purger that ONELAST_EDGE names, with its options; SettingsError. Nothing is connected yet."""
    try:
        open_edge = _found(settings.edge).load()
    except ImportError as error:
        wanted = f"ONELAST_EDGE is {settings.edge}, which needs more packages: `pip install onelast[edges]`."
        raise SettingsError(wanted) from error
    try:
        purger: EdgePurger = open_edge(settings.edge_options)
    except ValueError as problem:
        raise SettingsError(str(problem)) from problem
    return purger


def _found(name: str) -> EntryPoint:
    offered = entry_points(group=_GROUP)
    if name not in offered.names:
        raise SettingsError(f"ONELAST_EDGE is {name}, which is none of {', '.join(sorted(offered.names))}.")
    return offered[name]
