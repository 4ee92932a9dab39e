from tests.contracts.ports.catalog.safety import AccountReaderSuite, MailedTokenSuite, PasswordSuite


class TestPostgresMailedTokens(MailedTokenSuite):
    """Tokens in Postgres."""


class TestPostgresPasswords(PasswordSuite):
    """Passwords in Postgres."""


class TestPostgresAccountReader(AccountReaderSuite):
    """Sign-ins and the audit log in Postgres."""
