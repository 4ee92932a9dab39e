"""Erasing accounts, and telling them all that they have."""

from collections.abc import Sequence

from dishka import Provider, Scope, provide

from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.records import PostgresAccountRecords, PostgresConversationRecords
from adapters.postgres.remains import PostgresRemains
from adapters.system.no_replies import NoRepliesHere
from application.erasure.emptying import ShardEmptying
from application.erasure.erasing import Erasing
from application.erasure.resume_erasures import ResumeErasures
from application.erasure.steps import EmptyShard, ErasureStep, StripAudit
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.erasures import Erasures
from application.ports.readers import RunReader
from application.ports.records import AccountRecords, ConversationRecords
from application.ports.remains import Remains
from application.ports.shards import Shards
from application.stopping import RunStopper
from entrypoints.ioc.postgres import Databases


class ErasureProvider(Provider):
    """The steps of an erasure in their order, and what they need."""

    scope = Scope.APP
    emptying = provide(ShardEmptying)
    erasing = provide(Erasing)

    @provide
    def erasures(self, databases: Databases) -> Erasures:
        """Return the erasures under way."""
        return PostgresErasures(databases.catalog)

    @provide
    def remains(self, databases: Databases) -> Remains:
        """Return what looks through all databases."""
        return PostgresRemains(databases.catalog, databases.placement)

    @provide
    def account_records(self, databases: Databases) -> AccountRecords:
        """Return the reader of what the catalog has of a user."""
        return PostgresAccountRecords(databases.catalog)

    @provide
    def conversation_records(self, databases: Databases) -> ConversationRecords:
        """Return the reader of what a shard has of a user."""
        return PostgresConversationRecords(databases.placement)

    @provide
    def steps(self, emptying: ShardEmptying, catalog: Catalog) -> Sequence[ErasureStep]:
        """Return the steps of a serving node: what it makes itself it can stop at once."""
        return _steps(emptying, catalog)

    @provide
    def resume(
        self, erasures: Erasures, remains: Remains, shards: Shards, records: ConversationRecords, runs: RunReader,
        catalog: Catalog, clock: Clock,
    ) -> ResumeErasures:
        """Return what workers do: they make no replies, and are not to connect to what makes them."""
        stopper = RunStopper(shards, runs, NoRepliesHere(), clock)
        return ResumeErasures(Erasing(erasures, remains, _steps(ShardEmptying(shards, records, stopper), catalog)))


def _steps(emptying: ShardEmptying, catalog: Catalog) -> Sequence[ErasureStep]:
    return EmptyShard(emptying), StripAudit(catalog)
