from tests.contracts.ports.catalog.safety import AccountReaderSuite, MailedTokenSuite, PasswordSuite


class TestMemoryMailedTokens(MailedTokenSuite):
    """Tokens in memory."""


class TestMemoryPasswords(PasswordSuite):
    """Passwords in memory."""


class TestMemoryAccountReader(AccountReaderSuite):
    """Sign-ins and the audit log in memory."""
