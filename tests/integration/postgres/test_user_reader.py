from tests.contracts.ports.user_reader import UserReaderSuite


class TestPostgresUserReader(UserReaderSuite):
    """Users in Postgres."""
