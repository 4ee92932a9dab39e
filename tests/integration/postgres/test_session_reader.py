from tests.contracts.ports.session_reader import SessionReaderSuite


class TestPostgresSessionReader(SessionReaderSuite):
    """Sessions in Postgres."""
