from tests.contracts.ports.run_reader import RunReaderSuite


class TestMemoryRunReader(RunReaderSuite):
    """Runs in memory."""
