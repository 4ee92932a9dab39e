"""The edge that the settings name, and the reaction that purges it."""

from collections.abc import AsyncIterator
from typing import Final

from dishka import Provider, Scope, provide

from application.ports.edge import EdgePurger
from application.reactions.purge_edge import PurgeEdge
from entrypoints.ioc.offered import open_offered
from entrypoints.settings import Settings

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
    purger: EdgePurger = open_offered(
        "onelast.edges", "ONELAST_EDGE", settings.edge, settings.edge_options,
        more="more packages: `pip install onelast[edges]`",
    )
    return purger
