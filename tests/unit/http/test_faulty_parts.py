"""A part that fails in a way that nobody foresaw: the answer says nothing about it, and the log has it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from dishka import Provider, Scope, provide

from application.ports.readers import UsageReader
from tests.support.api import error_of
from tests.support.application import Application, running_application
from tests.support.memory import NOWHERE, Memory

SECRET = "postgresql://owner:hunter2@db.internal/catalog"


class ThrowingUsageReader(UsageReader):
    async def list_days(self, *_: Any, **__: Any) -> Sequence[Any]:
        raise RuntimeError(f"connection to {SECRET} refused: SELECT * FROM usage_days")

    async def spent(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(SECRET)


class Throwing(Provider):
    scope = Scope.APP

    @provide(override=True)
    def usage(self) -> UsageReader:
        return ThrowingUsageReader()


@pytest.fixture(scope="module")
async def faulty() -> AsyncIterator[Application]:
    async with running_application(NOWHERE, Memory(), Throwing()) as running:
        yield running


async def test_the_answer_has_nothing_of_the_fault_in_it(faulty: Application, caplog: pytest.LogCaptureFixture) -> None:
    caller = await faulty.api.sign_up()
    answer = await caller.get("/v1/usage")
    error = error_of(answer, 500)
    assert (error["code"], error["param"]) == ("internal_error", None)
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for word in ("hunter2", "SELECT", "RuntimeError", "Traceback", ".py"):
        assert word not in answer.text + str(answer.headers)
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.request_id == error["request_id"]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)


async def test_the_next_request_is_served_as_if_nothing_had_been(faulty: Application) -> None:
    caller = await faulty.api.sign_up()
    error_of(await caller.get("/v1/usage"), 500)
    assert (await caller.get("/v1/users/me")).status_code == 200
