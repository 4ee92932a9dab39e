from tests.contracts.ports.ledger import LedgerSuite


class TestMemoryLedger(LedgerSuite):
    """The ledger in memory."""
