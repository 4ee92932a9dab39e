from tests.contracts.ports.run_reader import RunReaderSuite


class TestPostgresRunReader(RunReaderSuite):
    """Runs in Postgres."""
