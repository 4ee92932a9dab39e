"""What the soak takes for growth, and what is noise, a restart, or explained by the turns."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.soak.judging import Verdict, doubts, judge
from bench.soak.period import Period
from bench.soak.restarts import Restart
from bench.soak.rules import explained
from bench.soak.series import Book, growth, slope

PEOPLE, MINUTE = 2_000, 60.0
RESTARTS = [Restart("kill -9" if number % 2 else "SIGHUP", 120.0 * number + 120, 120.0 * number + 125) for number in range(9)]
PERIOD = Period(0.0, 1_200.0, RESTARTS, PEOPLE, 2)
TIMES = [3.0 * number for number in range(400)]
Way = Callable[[float], float]


def noisy(way: Way, share: float = 0.02) -> Way:
    random = Random(7)
    return lambda at: way(at) * (1 + random.uniform(-share, share))


def since_restart(at: float) -> float:
    return min(at - begun for begun in (0.0, *(one.ended for one in RESTARTS)) if begun <= at)


def verdict(kind: str, name: str, way: Way, *, turns: Way = lambda at: at * 40) -> Verdict:
    book = Book()
    for at in TIMES:
        book.note(kind, name, at, way(at))
        book.note("turns", "sent", at, turns(at))
    return next(one for one in judge(book, PERIOD) if one.kind == kind)


def test_a_leak_of_one_percent_a_minute_is_found_in_a_process_that_is_never_restarted() -> None:
    found = verdict("own memory", "worker", noisy(lambda at: 150e6 * (1 + 0.01 * at / MINUTE)))

    assert not found.is_level
    assert found.grew == pytest.approx(0.15 * 150e6, rel=0.1)


def lives(held: Way) -> dict[str, Verdict]:
    """Return the verdicts on a process that survives every kill and is replaced at every SIGHUP; `held` is of its age."""
    book, replaced = Book(), [0.0, *(one.ended for one in RESTARTS if one.how == "SIGHUP")]
    for at in TIMES:
        born = max(begun for begun in replaced if begun <= at)
        book.note("own memory", f"serve {replaced.index(born) + 1}", at, held(at - born))
        book.note("own memory", "serve, all", at, 2 * held(at - born))
    return {one.name: one for one in judge(book, PERIOD)}


def test_a_leak_of_one_percent_a_minute_is_found_though_restarts_take_it_away_every_time() -> None:
    found = lives(lambda age: 150e6 * (1 + 0.01 * age / MINUTE))

    assert found["serve, all"].is_level
    assert not found["serve, within a life"].is_level


def test_what_a_process_gathers_until_it_knows_everybody_is_no_leak() -> None:
    assert all(one.is_level for one in lives(lambda age: 110e6 - 30e6 * 0.5 ** (age / 25)).values())


KEPT = [
    ("files", "serve's parent", 20.0), ("files", "worker", 40.0), ("files", "valkey", 2_100.0), ("files", "postgres", 1_500.0),
    ("tasks", "serve, all", 6_000.0), ("threads", "worker", 8.0), ("keys", "valkey", 5_000.0),
    ("connections", "postgres", 45.0), ("connections", "valkey", 20.0), ("rows", "catalog.tokens", 4_000.0),
    ("dead rows", "shard.outbox", 200.0),
]


@pytest.mark.parametrize(("kind", "name", "held"), KEPT)
def test_what_every_hundredth_turn_leaves_behind_is_found(kind: str, name: str, held: float) -> None:
    left = verdict(kind, name, noisy(lambda at: held + at * 40 / 100, 0.01))

    assert not left.is_level


@pytest.mark.parametrize(("kind", "name", "held", "bytes_a_turn"), [
    ("own memory", "worker", 95e6, 400), ("memory", "serve's parent", 80e6, 400), ("bytes of data", "valkey", 60e6, 400),
    ("own memory", "postgres", 250e6, 1_000), ("table bytes", "shard.outbox", 1e6, 400),
    ("own memory", "serve, all", 350e6, 1_200),
])
def test_some_hundred_bytes_that_every_turn_leaves_behind_are_found(kind: str, name: str, held: float, bytes_a_turn: int) -> None:
    left = verdict(kind, name, noisy(lambda at: held + at * 40 * bytes_a_turn, 0.01))

    assert not left.is_level


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("kind", ["own memory", "files", "tasks", "connections", "threads", "bytes of data", "keys"])
def test_noise_is_no_leak(kind: str, share: float) -> None:
    assert verdict(kind, "worker", noisy(lambda _: 200e6 if "m" in kind else 2_200.0, share)).is_level


def test_a_restart_is_no_leak_however_much_a_new_process_gathers_in_its_first_minute() -> None:
    def warming(at: float) -> float:
        return 300e6 * (0.6 + 0.4 * min(1.0, since_restart(at) / 55))

    assert verdict("own memory", "serve, all", noisy(warming)).is_level


def test_two_generations_at_once_are_no_leak() -> None:
    def doubled(at: float) -> float:
        return 4_400.0 if any(one.began <= at < one.ended for one in RESTARTS) else 2_200.0

    assert verdict("files", "serve, all", doubled).is_level


def test_what_every_restart_leaves_behind_is_a_leak() -> None:
    left = verdict("files", "serve, all", lambda at: 2_200.0 + 40 * sum(one.ended <= at for one in RESTARTS))

    assert not left.is_level


def test_messages_that_grow_with_turns_are_explained_and_three_rows_a_turn_are_not() -> None:
    assert verdict("rows", "shard.messages", lambda at: 40_000 + 2 * at * 40).is_level
    assert not verdict("rows", "shard.messages", lambda at: 40_000 + 3 * at * 40).is_level


def test_bytes_a_turn_are_bounded() -> None:
    most = explained("table bytes", "shard.messages")

    assert verdict("table bytes", "shard.messages", lambda at: 40e6 + 0.9 * most * at * 40).is_level
    assert not verdict("table bytes", "shard.messages", lambda at: 40e6 + 1.5 * most * at * 40).is_level


def test_an_outbox_that_is_not_emptied_is_found_whatever_the_turns() -> None:
    assert not verdict("rows", "shard.outbox", lambda at: at * 40).is_level
    assert verdict("rows", "shard.outbox", noisy(lambda _: 30.0, 1.0)).is_level


def test_dead_rows_that_a_vacuum_takes_every_minute_are_level_and_those_that_stay_are_not() -> None:
    assert verdict("dead rows", "shard.outbox", lambda at: at % 61 * 80).is_level
    assert not verdict("dead rows", "shard.outbox", lambda at: at * 80).is_level


def test_dead_rows_may_be_a_fifth_of_a_table_that_grows() -> None:
    def judged(dead: Way) -> Verdict:
        book = Book()
        for at in TIMES:
            book.note("rows", "shard.runs", at, at * 40)
            book.note("dead rows", "shard.runs", at, dead(at))
        return next(one for one in judge(book, PERIOD) if one.kind == "dead rows")

    assert judged(lambda at: 50 + 0.2 * at * 40).is_level
    assert not judged(lambda at: 0.5 * at * 40).is_level


def test_what_postgres_holds_is_judged_by_the_connections_that_it_has() -> None:
    def connections(at: float) -> float:
        return 25 + at // 200

    def judged(each: Way) -> dict[str, Verdict]:
        book = Book()
        for at in TIMES:
            book.note("connections", "postgres", at, connections(at))
            book.note("own memory", "postgres", at, connections(at) * each(at))
        return {one.kind: one for one in judge(book, PERIOD)}

    assert all(one.is_level for one in judged(lambda _: 4e6).values())
    assert not judged(lambda at: 4e6 * (1 + at / 2_000))["own memory"].is_level


def test_what_fills_up_in_the_first_quarter_is_left_out() -> None:
    assert verdict("own memory", "worker", lambda at: 150e6 * min(1.0, 0.2 + at / 300)).is_level


def test_figures_are_doubted_without_restarts_of_both_kinds_samples_or_people() -> None:
    book = Book()
    for at in TIMES:
        book.note("people", "online", at, 1_999.0)

    assert not list(doubts(TIMES, book, PERIOD, 3.0))
    assert list(doubts(TIMES, book, Period(0.0, 1_200.0, RESTARTS[:1], PEOPLE, 2), 3.0))
    assert list(doubts([*TIMES[:100], *TIMES[150:]], book, PERIOD, 3.0))
    assert list(doubts(TIMES, Book(), PERIOD, 3.0))


@given(st.floats(-1e3, 1e3), st.floats(-1e6, 1e6), st.integers(0, 40))
def test_the_slope_is_that_of_the_line_though_a_quarter_of_the_points_are_anywhere(rise: float, base: float, wild: int) -> None:
    errors = [1e9 if wild // 2 <= number < wild else 0.0 for number in range(150)]
    points = [(at, base + rise * at + error) for at, error in zip(TIMES, errors, strict=False)]

    assert slope(points) == pytest.approx(rise, abs=1e-3 + abs(rise) * 0.5)
    assert growth([]) == 0.0
