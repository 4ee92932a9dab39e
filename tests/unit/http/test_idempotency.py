"""Idempotency keys over the memory adapters."""

from tests.contracts.http.idempotency import RefusalSuite, ReplaySuite, ReuseSuite


class TestReplay(ReplaySuite): ...


class TestReuse(ReuseSuite): ...


class TestRefusal(RefusalSuite): ...
