"""Idempotency keys over real Postgres and Valkey."""

from tests.contracts.http.idempotency import RefusalSuite, ReplaySuite, ReuseSuite


class TestReplay(ReplaySuite): ...


class TestReuse(ReuseSuite): ...


class TestRefusal(RefusalSuite): ...
