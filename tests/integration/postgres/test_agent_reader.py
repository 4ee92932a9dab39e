import pytest

from adapters.postgres.database import Database
from tests.contracts.ports.agent_reader import AgentReaderSuite


class TestPostgresAgentReader(AgentReaderSuite):
    """Agents in Postgres."""

    @pytest.fixture
    def database(self, emptied_database: Database) -> Database:
        return emptied_database
