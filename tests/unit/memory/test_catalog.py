from tests.contracts.ports.catalog.suite import CatalogSuite


class TestMemoryCatalog(CatalogSuite):
    """The catalog in memory."""
