from tests.contracts.ports.catalog.suite import CatalogSuite


class TestPostgresCatalog(CatalogSuite):
    """The catalog in Postgres."""
