"""What every catalog does."""

from tests.contracts.ports.catalog.committing import RollbackSuite, VersionSuite
from tests.contracts.ports.catalog.constraints import CascadeSuite, UniquenessSuite
from tests.contracts.ports.catalog.identities import IdentitySuite
from tests.contracts.ports.catalog.keeping import IsolationSuite, KeepingSuite, MissingSuite
from tests.contracts.ports.catalog.races import RacesSuite


class CatalogSuite(
    MissingSuite, KeepingSuite, IsolationSuite, RollbackSuite, VersionSuite, UniquenessSuite, CascadeSuite, RacesSuite,
    IdentitySuite,
):
    """The fixture `catalog` gives one that may hold other tests' entities too."""
