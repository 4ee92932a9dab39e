"""What the load's checker notices of a run, planted fault by planted fault."""

import asyncio

import pytest
from msgspec import json

from bench.load.check import SCRIPTED, RunCheck
from bench.load.goals import doubts, figures_of, judge
from bench.load.record import Notes, Record, merged
from bench.load.stream_person import StreamPerson
from bench.load.world import Account, Habits, World

WORDS = SCRIPTED.split(" ")[:-1]


def seen(numbers: list[int], text: str = SCRIPTED, status: str = "completed") -> RunCheck:
    check = RunCheck()
    for number in numbers:
        check.take(number)
    check.say(text)
    check.end(status)
    return check


def test_a_whole_reply_has_no_fault() -> None:
    assert seen([1, 2, 3]).fault() is None


def test_a_lost_event_is_noticed_and_counted() -> None:
    check = seen([1, 2, 5, 6])
    assert (check.lost, check.doubled) == (2, 0)
    assert "2 events lost" in (check.fault() or "")


def test_a_doubled_event_is_noticed_and_counted() -> None:
    check = seen([1, 2, 2, 3])
    assert (check.lost, check.doubled) == (0, 1)
    assert "1 doubled" in (check.fault() or "")


def test_an_event_that_comes_late_is_a_lost_one_and_a_doubled_one() -> None:
    check = seen([1, 3, 2, 4])
    assert (check.lost, check.doubled) == (1, 1)


@pytest.mark.parametrize(("text", "status"), [(SCRIPTED[:-1], "completed"), (SCRIPTED + "x", "completed"), (SCRIPTED, "failed")])
def test_another_text_or_end_is_noticed(text: str, status: str) -> None:
    assert seen([1, 2], text, status).fault() is not None


async def test_an_event_that_a_person_is_not_told_breaks_the_goal() -> None:
    told = [*range(1, 11), *range(12, 54)]
    world, person = _person()
    person.reply = None
    _tell(person, told)
    record = world.notes.close(1.0)
    goals = {goal.name: goal for goal in judge(figures_of(record), people=1, online=1, memory=1)}
    assert record.counts["lost"] == 1
    assert not goals["events lost or doubled"].met
    assert not goals["replies with another text or end"].met
    assert "1 events lost" in record.faults[0]


async def test_a_reply_that_comes_whole_meets_the_goals_of_truth() -> None:
    world, person = _person()
    _tell(person, list(range(1, 54)))
    record = world.notes.close(1.0)
    assert record.counts["replies"] == 1
    assert not record.faults
    assert (record.counts["lost"], record.counts["doubled"]) == (0, 0)


def test_a_client_that_was_late_makes_the_latencies_doubtful() -> None:
    late, in_time = Notes(), Notes()
    for _ in range(100):
        late.time("lag", 0.1)
        in_time.time("lag", 0.001)
    assert list(doubts(late.close(1), [[0.2] * 10]))
    assert not list(doubts(in_time.close(1), [[0.2] * 10]))


def test_a_client_that_filled_its_core_for_long_makes_the_latencies_doubtful() -> None:
    notes = Notes()
    notes.time("lag", 0.001)
    assert list(doubts(notes.close(1), [[0.5] * 10, [0.99] * 6 + [0.5] * 4]))
    assert not list(doubts(notes.close(1), [[0.99] * 4 + [0.5] * 6]))


def test_what_two_crowds_noted_is_one_record() -> None:
    notes = [Notes(), Notes()]
    for number, each in enumerate(notes, 1):
        each.counts["messages"] = number
        each.answer("GET /v1/sessions", number / 1000)
        each.refuse("WS message.create", 503, 0.001)
    whole = merged(each.close(float(number)) for number, each in enumerate(notes, 1))
    assert isinstance(whole, Record)
    assert (whole.counts["messages"], whole.refused, whole.seconds) == (3, {"WS message.create 503": 2}, 2.0)
    assert sorted(whole.values("GET /v1/sessions")) == pytest.approx([1.0, 2.0])


def _person() -> tuple[World, StreamPerson]:
    world = World(("127.0.0.1", 1), Habits(dropping=0.0), seed=1)
    return world, StreamPerson(world, Account("token", "session_1", socket=False))


def _tell(person: StreamPerson, numbers: list[int]) -> None:
    """Have a person say something, and tell these events of the 53 of its reply."""
    asyncio.get_running_loop()
    person.world.closing = True  # nothing comes after it
    person.world.connect = lambda line, failed: None  # type: ignore[method-assign]
    person.say()
    for number in numbers:
        if number == 1:
            person.event(1, b"run.created", json.encode({"run_id": "run_1"}))
        elif number <= 51:
            person.event(number, b"message.delta", json.encode({"text": WORDS[number - 2] + " "}))
        else:
            person.event(number, b"end" if number == 53 else b"message.completed", json.encode({"status": "completed"}))
    person.answered(200, b"")
