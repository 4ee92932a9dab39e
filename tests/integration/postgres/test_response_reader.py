from tests.contracts.ports.response_reader import ResponseReaderSuite


class TestPostgresResponseReader(ResponseReaderSuite):
    """Responses in Postgres."""
