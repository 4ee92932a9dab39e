"""What the model is shown."""

from hypothesis import given
from hypothesis import strategies as st

from domain.runs.prompt import (
    DEFAULT_REPLY_TOKENS,
    PromptTurn,
    compose_prompt,
    estimate_tokens,
    history_budget,
    history_for,
)
from domain.sessions.message import Message, MessageStatus, Role, TextPart
from domain.shared.identifiers import MessageId, RunId, SessionId
from tests.support.builders import NOW

COMPLETED, CANCELLED, FAILED = MessageStatus.COMPLETED, MessageStatus.CANCELLED, MessageStatus.FAILED


def message(seq: int, role: Role, status: MessageStatus, *texts: str) -> Message:
    content = tuple(TextPart(text) for text in texts)
    return Message(MessageId(f"message_{seq}"), SessionId("session_1"), seq, role, content, RunId("run_1"), status, NOW)


@st.composite
def histories(draw: st.DrawFn) -> list[Message]:
    """Histories of a session: whatever was said before, and at last what the user says now."""
    kinds = st.tuples(st.sampled_from(Role), st.sampled_from(MessageStatus), st.text(max_size=60))
    earlier = [message(seq, *kind) for seq, kind in enumerate(draw(st.lists(kinds, max_size=12)), 1)]
    return [*earlier, message(len(earlier) + 1, Role.USER, COMPLETED, draw(st.text(min_size=1, max_size=60)))]


def turn_of(said: Message) -> PromptTurn:
    return PromptTurn("user" if said.role is Role.USER else "assistant", said.content[0].text)


@given(histories(), st.integers(0, 300))
def test_a_prompt_is_the_persona_and_the_newest_messages_in_their_order(history: list[Message], budget: int) -> None:
    persona, *turns = compose_prompt("You are the sea.", history, budget)
    shown = [turn_of(said) for said in history if said.status is not FAILED]
    assert persona == PromptTurn("system", "You are the sea.")
    assert turns == shown[len(shown) - len(turns) :]
    assert turns[-1:] == [turn_of(history[-1])]


@given(histories(), st.integers(0, 300))
def test_more_than_the_last_message_is_shown_only_within_the_budget_and_then_all_that_fits(
    history: list[Message], budget: int
) -> None:
    turns = compose_prompt("", history, budget)
    costs = [estimate_tokens(turn_of(said).text) for said in history if said.status is not FAILED]
    if len(turns) > 1:
        assert sum(costs[-len(turns) :]) <= budget
    if len(turns) < len(costs):
        assert sum(costs[-len(turns) - 1 :]) > budget


@given(st.text(max_size=3_000), st.integers(256, 8_192), st.none() | st.integers(1, 131_072))
def test_history_persona_and_reply_fit_the_context_or_history_has_a_quarter_of_it(
    persona: str, context: int, reply: int | None
) -> None:
    budget = history_budget(persona, context, reply)
    reserved = min(reply or DEFAULT_REPLY_TOKENS, context // 2)
    assert budget >= context // 4
    assert budget == context // 4 or budget + estimate_tokens(persona) + reserved == context


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_estimate_counts_a_turn_and_every_three_bytes_as_a_token(one: str, other: str) -> None:
    assert estimate_tokens(one) >= 8 + len(one) // 3
    assert estimate_tokens(one + other) >= estimate_tokens(one)
    assert estimate_tokens("🐙" * 3) == 8 + 4


def test_the_parts_of_a_message_are_one_turn() -> None:
    assert compose_prompt("", [message(1, Role.USER, COMPLETED, "Hel", "lo")], 100) == (PromptTurn("user", "Hello"),)


def test_a_reply_that_was_stopped_is_shown_and_one_that_failed_is_not() -> None:
    history = [
        message(1, Role.USER, COMPLETED, "one"), message(2, Role.ASSISTANT, CANCELLED, "well"),
        message(3, Role.USER, COMPLETED, "two"), message(4, Role.ASSISTANT, FAILED, "er"),
        message(5, Role.USER, COMPLETED, "three"),
    ]
    assert [turn.text for turn in compose_prompt("p", history, 1_000)] == ["p", "one", "well", "two", "three"]


@given(histories(), st.data())
def test_a_reply_follows_what_was_said_before_its_message_and_every_reply_stored_since(
    history: list[Message], data: st.DataObject
) -> None:
    seq = data.draw(st.sampled_from([said.seq for said in history if said.role is Role.USER]))
    shown = history_for(history, seq)
    assert shown[-1].seq == seq
    others = [said.seq for said in shown[:-1]]
    assert others == [said.seq for said in history if said.seq < seq or (said.seq > seq and said.role is Role.ASSISTANT)]
