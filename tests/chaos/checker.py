"""Is a word of the history wrong? Each rule yields what breaks it, in a sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.chaos.history import History, Said, Seen, StoredMessage, Viewing

_TERMINAL = frozenset({"completed", "failed", "cancelled"})
# A run whose makers died three times is given up; nothing else may make one fail.
_FAIR = frozenset({"node_lost"})


def violations(history: History) -> list[str]:
    """Return everything that is wrong."""
    rules = (
        _surprises, _viewers_saw_every_number_once_and_in_order, _viewers_of_a_run_saw_one_story, _texts_are_as_stored,
        _replies_are_as_the_model_made_them, _messages_are_stored_once, _runs_ended, _usage_is_booked_once, _numbers_have_no_gaps,
    )
    return [sentence for rule in rules for sentence in rule(history)]


def text_seen(events: Sequence[Seen]) -> str:
    """Return the text that a viewer of these events has before the eyes."""
    text = ""
    for event in events:
        if event.kind == "message.delta":
            text += event.text
        elif event.kind == "attempt" and not event.keep:
            text = ""
    return text


def _surprises(history: History) -> Iterator[str]:
    yield from history.surprises


def _viewers_saw_every_number_once_and_in_order(history: History) -> Iterator[str]:
    for viewing in history.viewings:
        numbers = [event.seq for event in viewing.events]
        wanted = list(range(viewing.after + 1, viewing.after + 1 + len(numbers)))
        if numbers != wanted:
            place = next(place for place, (seen, due) in enumerate(zip(numbers, wanted, strict=True)) if seen != due)
            yield f"{_name(viewing)} saw number {numbers[place]} where {wanted[place]} was due"
        if not viewing.ended:
            yield f"{_name(viewing)} never saw the end (last number {viewing.cursor})"
        if any(event.kind == "end" for event in viewing.events[:-1]):
            yield f"{_name(viewing)} saw something after the end"
        attempts = [event.attempt or 0 for event in viewing.events if event.kind == "attempt" and event.reason != "log_expired"]
        if any(later <= earlier for earlier, later in pairwise(attempts)):
            yield f"{_name(viewing)} saw attempts {attempts}"


def _viewers_of_a_run_saw_one_story(history: History) -> Iterator[str]:
    told: dict[tuple[str, int], Seen] = {}
    last = {run.run_id: run.last_seq for run in history.runs}
    for viewing in history.viewings:
        if viewing.retold:
            continue
        if viewing.ended and viewing.cursor != last.get(viewing.run_id, viewing.cursor):
            yield f"{_name(viewing)} saw the end as number {viewing.cursor}, not {last[viewing.run_id]}"
        for event in viewing.events:
            known = told.setdefault((viewing.run_id, event.seq), event)
            if (known.kind, known.text, known.status) != (event.kind, event.text, event.status):
                yield f"{_name(viewing)} saw {event} where another viewer saw {known}"
                break


def _texts_are_as_stored(history: History) -> Iterator[str]:
    replies, runs = _replies(history), {run.run_id: run for run in history.runs}
    for viewing in history.viewings:
        stored = replies[viewing.run_id]
        seen, kept = text_seen(viewing.events), "".join(reply.text for reply in stored)
        if viewing.ended and not viewing.after and seen != kept:
            yield f"{_name(viewing)} saw {_differing(seen, kept)}"
        run = runs.get(viewing.run_id)
        if run is not None and viewing.ended and viewing.events[-1].status != run.status:
            yield f"{_name(viewing)} saw the end {viewing.events[-1].status!r} of a run that is {run.status}"


def _replies_are_as_the_model_made_them(history: History) -> Iterator[str]:
    replies, runs = _replies(history), {run.run_id: run for run in history.runs}
    for said in history.said:
        run = runs.get(said.run_id or "")
        text = "".join(reply.text for reply in replies[said.run_id or ""])
        if run is None:
            continue
        if run.status == "completed" and text != said.script:
            yield f"the reply of {run.run_id} is not what the model said: {_differing(text, said.script)}"
        elif not said.script.startswith(text):
            yield f"the partial reply of {run.run_id} is no beginning of what the model said: {_differing(text, said.script)}"


def _messages_are_stored_once(history: History) -> Iterator[str]:
    stored = defaultdict[tuple[str, str | None], list[StoredMessage]](list)
    for message in history.messages:
        if message.role == "user":
            stored[message.session_id, message.client_message_id].append(message)
    for said in history.said:
        found = stored.pop((said.session_id, said.client_message_id), [])
        if len(found) > 1 or (said.acknowledged and not found):
            yield f"{_message(said)} is stored {len(found)} times"
        elif found and said.acknowledged and _differs(said, found[0]):
            yield f"{_message(said)} is stored as {found[0]}"
    for strangers in stored.values():
        yield f"nobody said {strangers[0]}"
    for run_id, replies in _replies(history).items():
        if len(replies) > 1:
            yield f"{run_id} has {len(replies)} replies"


def _runs_ended(history: History) -> Iterator[str]:
    runs = Counter(run.run_id for run in history.runs)
    for run in history.runs:
        if run.status not in _TERMINAL:
            yield f"{run.run_id} is still {run.status}, attempt {run.attempt}"
        if run.status == "failed" and run.error not in _FAIR:
            yield f"{run.run_id} failed: {run.error}, attempt {run.attempt}"
    for said in history.said:
        if said.run_id is not None and runs[said.run_id] != 1:
            yield f"the run of {_message(said)} is stored {runs[said.run_id]} times"


def _usage_is_booked_once(history: History) -> Iterator[str]:
    replies = _replies(history)
    for run in history.runs:
        if run.status not in _TERMINAL:
            continue
        if run.endings != 1:
            yield f"{run.run_id} ended {run.endings} times"
        if run.usage is None and (run.status == "completed" or replies[run.run_id]):
            yield f"{run.run_id} has no usage"


def _numbers_have_no_gaps(history: History) -> Iterator[str]:
    sessions = defaultdict[str, list[int]](list)
    for message in history.messages:
        sessions[message.session_id].append(message.seq)
    for session_id, numbers in sessions.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"{session_id} has the messages {sorted(numbers)}"


def _replies(history: History) -> defaultdict[str, list[StoredMessage]]:
    replies = defaultdict[str, list[StoredMessage]](list)
    for message in history.messages:
        if message.role == "assistant":
            replies[message.run_id].append(message)
    return replies


def _differs(said: Said, stored: StoredMessage) -> bool:
    same_message = said.message_id in (None, stored.message_id)
    return not same_message or (said.run_id, said.text) != (stored.run_id, stored.text)


def _name(viewing: Viewing) -> str:
    return f"{viewing.viewer} of {viewing.run_id}"


def _message(said: Said) -> str:
    return f"message {said.client_message_id!r} of {said.session_id}"


def _differing(seen: str, wanted: str) -> str:
    place = next((place for place, (a, b) in enumerate(zip(seen, wanted, strict=False)) if a != b), min(len(seen), len(wanted)))
    part = slice(max(0, place - 20), place + 40)
    return f"…{seen[part]!r} ({len(seen)} characters) where …{wanted[part]!r} ({len(wanted)}) belongs"
