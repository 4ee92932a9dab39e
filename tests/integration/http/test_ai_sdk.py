"""The AI SDK dialect over real Postgres and Valkey."""

from tests.contracts.http.ai_sdk import AiSdkSuite, ChatNamesSuite, RegeneratingSuite, StoppingChatsSuite


class TestAiSdk(AiSdkSuite): ...


class TestChatNames(ChatNamesSuite): ...


class TestStoppingChats(StoppingChatsSuite): ...


class TestRegenerating(RegeneratingSuite): ...
