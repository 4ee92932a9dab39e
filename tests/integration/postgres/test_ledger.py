from tests.contracts.ports.ledger import LedgerSuite


class TestPostgresLedger(LedgerSuite):
    """The ledger in Postgres."""
