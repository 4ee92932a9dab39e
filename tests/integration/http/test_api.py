"""The HTTP API over real Postgres and Valkey."""

from tests.contracts.http.accounts import AccountsSuite
from tests.contracts.http.agents import AgentsSuite
from tests.contracts.http.conversations import MessagesSuite, RunsSuite, SessionsSuite
from tests.contracts.http.platform import PlatformSuite
from tests.contracts.http.sharing import SharedPageSuite, SharingSuite


class TestAccounts(AccountsSuite): ...


class TestAgents(AgentsSuite): ...


class TestSessions(SessionsSuite): ...


class TestMessages(MessagesSuite): ...


class TestRuns(RunsSuite): ...


class TestSharing(SharingSuite): ...


class TestSharedPages(SharedPageSuite): ...


class TestPlatform(PlatformSuite): ...
