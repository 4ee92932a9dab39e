from tests.contracts.ports.user_reader import UserReaderSuite


class TestMemoryUserReader(UserReaderSuite):
    """Users in memory."""
