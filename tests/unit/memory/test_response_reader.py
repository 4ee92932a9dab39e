from tests.contracts.ports.response_reader import ResponseReaderSuite


class TestMemoryResponseReader(ResponseReaderSuite):
    """Responses in memory."""
