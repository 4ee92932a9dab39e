"""Idempotency keys over real Postgres and Valkey."""

from tests.contracts.http.idempotency import RefusalSuite, ReplaySuite, ReuseSuite
from tests.contracts.http.keyed_messages import KeyedMessageSuite
from tests.contracts.http.keyed_secrets import KeyedApiKeySuite, KeyedRefreshSuite, KeyedSignInSuite


class TestReplay(ReplaySuite): ...


class TestReuse(ReuseSuite): ...


class TestRefusal(RefusalSuite): ...


class TestKeyedMessage(KeyedMessageSuite): ...


class TestKeyedRefresh(KeyedRefreshSuite): ...


class TestKeyedApiKey(KeyedApiKeySuite): ...


class TestKeyedSignIn(KeyedSignInSuite): ...
