from tests.contracts.ports.agent_reader import AgentReaderSuite


class TestMemoryAgentReader(AgentReaderSuite):
    """Agents in memory."""
