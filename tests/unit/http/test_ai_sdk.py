"""The AI SDK dialect over the memory adapters."""

from tests.contracts.http.ai_sdk import AiSdkSuite, ChatNamesSuite, RegeneratingSuite, StoppingChatsSuite


class TestAiSdk(AiSdkSuite): ...


class TestChatNames(ChatNamesSuite): ...


class TestStoppingChats(StoppingChatsSuite): ...


class TestRegenerating(RegeneratingSuite): ...
