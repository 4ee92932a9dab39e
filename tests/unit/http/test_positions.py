"""What callers are told of their position, and in what."""

from collections.abc import Sequence
from typing import Any

import pytest

from adapters.memory.positions import MemoryPositions
from application.actor import Actor
from application.freshness import MOST_PENDING, Freshness, Position, Tolerance
from application.ports.positions import Positions
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId, UserId
from domain.users.plan import Plan
from entrypoints.http.positions import POSITION_COOKIE, POSITION_HEADER, TellsPositions, socket_headers

NOW = 42
ENDED = RunId("run_ended")


class ClimbingPositions(Positions):
    """Keeps positions; every run but ENDED is still being made."""

    @property
    def kept(self) -> bool:
        return True

    async def note(self, owner_id: UserId, pending: Sequence[RunId] = ()) -> Position:
        return Position(1, 0, NOW, tuple(run for run in pending if run != ENDED))


class AwayPositions(ClimbingPositions):
    async def note(self, owner_id: UserId, pending: Sequence[RunId] = ()) -> Position:
        raise Unavailable("The database gives no answer.")


def scope(method: str, freshness: Freshness = Tolerance.FRESH, cookie: str = "", **state: Any) -> dict[str, Any]:
    actor = Actor(UserId("user_1"), Plan.FREE)
    headers = [(b"cookie", cookie.encode())] if cookie else [(b"authorization", b"Bearer x")]
    return {"method": method, "auth": actor, "headers": headers, "state": state | {"freshness": freshness}, "scheme": "https"}


async def told(asked: dict[str, Any], positions: Positions | None = None) -> dict[str, str]:
    headers = await TellsPositions(positions or ClimbingPositions()).headers(asked)
    return {name.decode(): value.decode() for name, value in headers}


async def test_a_write_tells_where_it_is() -> None:
    assert await told(scope("POST")) == {POSITION_HEADER: str(Position(1, 0, NOW))}


async def test_a_reading_tells_nothing_new() -> None:
    assert await told(scope("GET", Position(1, 0, 7))) == {}


async def test_a_stranger_has_no_position() -> None:
    assert await told(scope("POST") | {"auth": None}) == {}


async def test_what_a_message_began_is_pending() -> None:
    run = RunId("run_going_on")
    assert await told(scope("POST", pending=(run,))) == {POSITION_HEADER: str(Position(1, 0, NOW, (run,)))}


async def test_a_reading_after_the_end_settles_the_position() -> None:
    before = Position(1, 0, 7, (ENDED,))
    assert await told(scope("GET", before)) == {POSITION_HEADER: str(Position(1, 0, NOW))}


async def test_what_was_pending_before_stays_so_with_what_comes_new() -> None:
    first, second = RunId("run_first"), RunId("run_second")
    answer = await told(scope("POST", Position(1, 0, 7, (first, ENDED)), pending=(second, first)))
    assert answer == {POSITION_HEADER: str(Position(1, 0, NOW, (first, second)))}


async def test_who_follows_too_many_runs_reads_what_is_newest() -> None:
    many = tuple(RunId(f"run_{number}") for number in range(MOST_PENDING + 1))
    assert await told(scope("POST", pending=many)) == {POSITION_HEADER: "fresh"}


async def test_where_the_position_cannot_be_known_the_newest_is_read() -> None:
    assert await told(scope("POST"), AwayPositions()) == {POSITION_HEADER: "fresh"}


async def test_a_browser_gets_a_cookie_that_its_pages_cannot_read() -> None:
    answer = await told(scope("POST", cookie="ola_session=secret"))
    assert answer["set-cookie"].startswith(f"{POSITION_COOKIE}={Position(1, 0, NOW)};")
    assert {"HttpOnly", "Secure", "SameSite=Lax"} <= set(answer["set-cookie"].split("; "))


async def test_a_browser_with_a_socket_goes_on_reading_what_is_newest() -> None:
    ((name, value),) = socket_headers(ClimbingPositions())
    assert (name, value.decode().split(";")[0]) == (b"set-cookie", f"{POSITION_COOKIE}=fresh")
    assert "set-cookie" not in await told(scope("POST", cookie=f"ola_session=secret; {POSITION_COOKIE}=fresh"))


async def test_nobody_is_told_anything_where_there_is_one_store() -> None:
    positions = MemoryPositions()
    assert socket_headers(positions) == []
    assert not TellsPositions(positions).kept
    assert await positions.note(UserId("user_1"), (ENDED,)) == await positions.note(UserId("user_2"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_safe_methods_change_nothing(method: str) -> None:
    assert await told(scope(method)) == {}
