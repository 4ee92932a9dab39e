"""What of a provider's error message reaches the log."""

import pytest

from adapters.models.refusals import fit_for_log, reason_of


@pytest.mark.parametrize(("body", "reason"), [
    (b'{"error": {"message": "No such model", "type": "x", "code": null}}', "No such model"),
    (b'{"error": "model not found"}', "model not found"),
    (b'{"object": "error", "message": "too long", "code": 400}', "too long"),
    (b'{"detail": "Not Found"}', "Not Found"),
    (b'{"detail": [{"msg": "Field required", "input": "the prompt"}]}', None),
    (b"<html>Bad Gateway</html>", None),
    (b"\xff", None),
    (b"", None),
])
def test_the_reason_is_found_in_every_known_spelling_and_nothing_is_taken_from_others(body: bytes, reason: str | None) -> None:
    assert reason_of(body) == reason


def test_a_reason_is_one_line_of_at_most_200_characters() -> None:
    assert fit_for_log("a\n b" + "c" * 500, secret=None, prompt=()) == "a b" + "c" * 197


def test_the_key_is_masked() -> None:
    assert fit_for_log("Incorrect API key provided: sk-123.", secret="sk-123", prompt=()) == "Incorrect API key provided: ***."


@pytest.mark.parametrize(("said", "prompt"), [
    ("Bad input: {'content': 'Tell me of the sea'}", "Tell me of the sea"),
    ("Bad input: Tell me of the old sea and the o... (cut)", "Tell me of the old sea and the old man, at length"),
    ('Bad input: "Tell\\nme"', "Tell\nme"),
    ('Bad input: "Gr\\u00fc\\u00dfe aus"', "Grüße aus"),
    ("Bad input: 你好", "你好"),
])
def test_the_reason_is_cut_where_it_quotes_the_prompt(said: str, prompt: str) -> None:
    shown = fit_for_log(said, secret=None, prompt=("A persona.", prompt))
    assert shown.startswith("Bad input:")
    assert not any(word in shown for word in ("Tell", "Gr", "你"))


def test_a_short_prompt_cuts_only_where_it_stands_as_a_word() -> None:
    assert fit_for_log("This is the end: hi", secret=None, prompt=("hi",)) == "This is the end: "


def test_an_empty_turn_cuts_nothing() -> None:
    assert fit_for_log("No memory", secret=None, prompt=("", "  ")) == "No memory"
