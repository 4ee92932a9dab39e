"""The checker of `make chaos` finds what is wrong with a history, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import violations
from tests.chaos.history import History, Said, Seen, StoredMessage, StoredRun, Viewing

SCRIPT = "one two three "
EVENTS = (
    Seen(1, "run.created"), Seen(2, "message.delta", "one "), Seen(3, "attempt", attempt=2, keep=True, reason="node_lost"),
    Seen(4, "message.delta", "two "), Seen(5, "message.delta", "three "), Seen(6, "message.completed"),
    Seen(7, "end", status="completed"),
)
RUN = StoredRun("run_1", "session_1", "completed", 2, 7, (10, 3), 1)
QUESTION = StoredMessage("message_1", "session_1", 1, "user", "Hello!", "run_1", "a")
ANSWER = StoredMessage("message_2", "session_1", 2, "assistant", SCRIPT, "run_1")
Break = Callable[[History], None]


def good_history() -> History:
    """Return one reply with a takeover, seen by two viewers, and a message that was never acknowledged nor stored."""
    return History(
        said=[Said("session_1", "a", "Hello!", SCRIPT, "message_1", "run_1"), Said("session_1", "b", "Hello?", SCRIPT)],
        viewings=[Viewing("talker", "run_1", 0, list(EVENTS)), Viewing("onlooker", "run_1", 3, list(EVENTS[3:]))],
        runs=[RUN], messages=[QUESTION, ANSWER],
    )


def see(*events: Seen) -> Break:
    """Have the first viewer see these events."""

    def change(history: History) -> None:
        history.viewings = [Viewing("talker", "run_1", 0, list(events))]

    return change


def store(*messages: StoredMessage) -> Break:
    """Have these messages stored."""

    def change(history: History) -> None:
        history.messages = list(messages)

    return change


def end_as(**changes: object) -> Break:
    """Have the run stored with these fields."""

    def change(history: History) -> None:
        history.runs = [replace(RUN, **changes)]  # type: ignore[arg-type]

    return change


def surprise(history: History) -> None:
    history.surprise("talker cannot say 'a': 500 internal_error")


def lose_the_run(history: History) -> None:
    history.runs = []


def tell_another_story(history: History) -> None:
    history.viewings[1].events[0] = Seen(4, "message.delta", "TWO ")


BROKEN: dict[str, tuple[Break, str]] = {
    "a gap": (see(*EVENTS[:3], *EVENTS[4:]), "saw number 5 where 4 was due"),
    "a duplicate": (see(*EVENTS[:4], *EVENTS[3:]), "saw number 4 where 5 was due"),
    "another order": (see(*EVENTS[:3], EVENTS[4], EVENTS[3], *EVENTS[5:]), "saw number 5 where 4 was due"),
    "no beginning": (see(*EVENTS[1:]), "saw number 2 where 1 was due"),
    "no end": (see(*EVENTS[:-1]), "never saw the end (last number 6)"),
    "nothing at all": (see(), "never saw the end (last number 0)"),
    "something after the end": (see(*EVENTS, Seen(8, "message.delta", "more")), "saw something after the end"),
    "an attempt twice": (see(*EVENTS[:4], replace(EVENTS[2], seq=5), replace(EVENTS[-1], seq=6)), "saw attempts [2, 2]"),
    "another text": (see(*EVENTS[:3], replace(EVENTS[3], text="TWO "), *EVENTS[4:]), "talker of run_1 saw …'one TWO three '"),
    "a replaced text": (see(*EVENTS[:2], replace(EVENTS[2], keep=False), *EVENTS[3:]), "talker of run_1 saw …'two three '"),
    "another end": (see(*EVENTS[:-1], replace(EVENTS[-1], status="failed")), "saw the end 'failed' of a run that is completed"),
    "an end too early": (see(*EVENTS[:5], replace(EVENTS[-1], seq=6)), "saw the end as number 6, not 7"),
    "two stories": (tell_another_story, "where another viewer saw"),
    "a message stored twice": (store(QUESTION, ANSWER, replace(QUESTION, message_id="message_3", seq=3)), "is stored 2 times"),
    "a message lost": (store(replace(ANSWER, seq=1)), "is stored 0 times"),
    "a message changed": (store(replace(QUESTION, text="Hallo!"), ANSWER), "is stored as"),
    "a stranger's message": (
        store(QUESTION, ANSWER, replace(QUESTION, seq=3, client_message_id="c")), "nobody said StoredMessage",
    ),
    "a reply stored twice": (store(QUESTION, replace(ANSWER, text="one "), replace(ANSWER, seq=3)), "run_1 has 2 replies"),
    "a reply lost": (store(QUESTION), "the reply of run_1 is not what the model said"),
    "a word lost on the way": (store(QUESTION, replace(ANSWER, text="one three ")), "is not what the model said"),
    "a gap between messages": (store(QUESTION, replace(ANSWER, seq=3)), "session_1 has the messages [1, 3]"),
    "a run that goes on": (end_as(status="streaming"), "run_1 is still streaming, attempt 2"),
    "a run that failed": (end_as(status="failed", error="internal_error"), "run_1 failed: internal_error, attempt 2"),
    "a run that is lost": (lose_the_run, "the run of message 'a' of session_1 is stored 0 times"),
    "no usage": (end_as(usage=None), "run_1 has no usage"),
    "usage booked twice": (end_as(endings=2), "run_1 ended 2 times"),
    "usage never booked": (end_as(endings=0), "run_1 ended 0 times"),
    "an answer that nobody should get": (surprise, "500 internal_error"),
}


def test_a_good_history_is_good() -> None:
    assert violations(good_history()) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_history_that_is_wrong_is_found_out(name: str) -> None:
    broken, sentence = BROKEN[name]
    history = good_history()
    broken(history)
    assert any(sentence in violation for violation in violations(history)), violations(history)


def test_a_part_of_the_reply_is_a_beginning_of_what_the_model_says() -> None:
    history = good_history()
    cut = [*EVENTS[:2], Seen(3, "run.cancelled"), Seen(4, "end", status="cancelled")]
    history.viewings = [Viewing("talker", "run_1", 0, cut)]
    history.runs = [replace(RUN, status="cancelled", last_seq=4)]
    history.messages = [QUESTION, replace(ANSWER, text="one ")]
    assert violations(history) == []
    history.messages = [QUESTION, replace(ANSWER, text="two ")]
    history.viewings[0].events[1] = Seen(2, "message.delta", "two ")
    assert any("is no beginning of what the model said" in violation for violation in violations(history))


def test_a_run_that_was_cancelled_before_its_turn_has_no_usage_and_no_reply() -> None:
    history = good_history()
    unheard = [Seen(1, "run.created"), Seen(2, "run.cancelled"), Seen(3, "end", status="cancelled")]
    history.viewings = [Viewing("talker", "run_1", 0, unheard)]
    history.runs = [replace(RUN, status="cancelled", last_seq=3, usage=None)]
    history.messages = [QUESTION]
    assert violations(history) == []


def test_a_reply_may_be_told_from_what_is_stored() -> None:
    history = good_history()
    retold = [Seen(1, "run.created"), Seen(2, "message.delta", SCRIPT), Seen(3, "message.completed")]
    history.viewings.append(Viewing("latecomer", "run_1", 0, [*retold, Seen(4, "end", status="completed")]))
    replaced = [*EVENTS[:4], Seen(5, "attempt", attempt=2, keep=False, reason="log_expired"), Seen(6, "message.delta", SCRIPT)]
    history.viewings.append(
        Viewing("unlucky", "run_1", 0, [*replaced, Seen(7, "message.completed"), Seen(8, "end", status="completed")])
    )
    assert violations(history) == []
