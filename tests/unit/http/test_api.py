"""The HTTP API over the memory adapters."""

from tests.contracts.http.accounts import AccountsSuite
from tests.contracts.http.agents import AgentsSuite
from tests.contracts.http.completions import CompletionsSuite, ModelsSuite
from tests.contracts.http.conversations import MessagesSuite, RunsSuite, SessionsSuite
from tests.contracts.http.export import ErasureSuite, ExportSuite
from tests.contracts.http.platform import PlatformSuite
from tests.contracts.http.sharing import SharedPageSuite, SharingSuite
from tests.contracts.http.usage import UsageSuite


class TestAccounts(AccountsSuite): ...


class TestAgents(AgentsSuite): ...


class TestSessions(SessionsSuite): ...


class TestMessages(MessagesSuite): ...


class TestRuns(RunsSuite): ...


class TestSharing(SharingSuite): ...


class TestSharedPages(SharedPageSuite): ...


class TestPlatform(PlatformSuite): ...


class TestUsage(UsageSuite): ...


class TestModels(ModelsSuite): ...


class TestCompletions(CompletionsSuite): ...


class TestExport(ExportSuite): ...


class TestErasure(ErasureSuite): ...
