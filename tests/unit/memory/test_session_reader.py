from tests.contracts.ports.session_reader import SessionReaderSuite


class TestMemorySessionReader(SessionReaderSuite):
    """Sessions in memory."""
