"""Samples for the statements of a shard."""

from collections.abc import Mapping
from typing import Final

from tests.integration.plans.samples import AGENT, NOW, OWNER, SESSION, Sample, keys, named, new, outbox, pages, removed, saved
from tests.integration.plans.seeding import LONGEST

_RUN_ID: Final = named("run", 100_000 + LONGEST // 4)
_SESSION: Final = {
    "owner_id": OWNER, "bucket": 37, "agent_id": AGENT, "title": None, "metadata": "{}", "head_seq": 0, "archived": False,
    "active_run_id": None, "waiting": 0, "created_at": NOW, "updated_at": NOW, "version": 1, "client_chat_id": "new",
}
_MESSAGE: Final = {
    "session_id": SESSION, "seq": LONGEST + 1, "bucket": 37, "role": "user", "content": "[]", "characters": 2, "run_id": _RUN_ID,
    "status": "completed", "created_at": NOW, "client_message_id": "new", "superseded": False,
}
_RUN: Final = {
    "session_id": SESSION, "owner_id": OWNER, "bucket": 37, "agent_id": AGENT, "model": "default",
    "message_id": named("message", 1), "message_seq": LONGEST + 1, "created_at": NOW, "status": "queued", "attempt": 1,
    "input_tokens": None, "output_tokens": None, "error_code": None, "error_message": None, "finished_at": None, "last_seq": 0,
    "node": None, "losses": 0, "cancel_requested": False, "version": 1, "options": None,
}
_USAGE: Final = {
    "owner_id": OWNER, "bucket": 37, "agent_id": AGENT, "model": "default", "day": NOW.date(), "input_tokens": 1,
    "output_tokens": 1, "cost": 1,
}
_DAYS: Final = {"owner_id": OWNER, "first": NOW.date().replace(day=1), "last": NOW.date()}
_SHARE: Final = {
    "session_id": named("session", 7), "owner_id": OWNER, "bucket": 37, "fingerprint": b"new", "title": "New", "agent_id": AGENT,
    "agent_name": "Agent", "head_seq": 7, "taken_at": NOW, "created_at": NOW, "version": 1,
}
_OWN: Final = {"owner_id": OWNER}
# Of the bucket of session 2, as few others are in which no session is the longest.
_GONE: Final = {"user_id": named("user", 2), "bucket": 74, "limit": 1000}
_HELD: Final = ("sessions", "shares", "usage_entries", "usage_days", "idempotency_keys", "runs", "messages")
_MIDDLE: Final = named("session", 5_000)
SHARD_SAMPLES: Final[Mapping[str, Sample]] = {
    "sessions.get": Sample({"id": SESSION, **_OWN}),
    "sessions.find": Sample({"session_id": SESSION, **_OWN}),
    "sessions.add": new("session", _SESSION),
    "sessions.save": saved(SESSION, _SESSION),
    "sessions.remove": removed(named("session", 20_000)),
    "sessions.list_some": Sample({**_OWN, "limit": 100}, most=300),
    "sessions.export": Sample({**_OWN, "after": _MIDDLE, "limit": 500}, most=1500),
    "shares.export": Sample({"session_ids": [named("session", number) for number in range(20_001, 20_101)]}, most=300),
    "messages.export": Sample(
        {"session_id": SESSION, "after": LONGEST // 2, "limit": 500, "most_characters": 200_000}, most=1500
    ),
    # An index by session alone finds all of a session's runs, however few of them a page has.
    "runs.export": Sample({"session_id": SESSION, "after": _RUN_ID, "limit": 2000}, most=LONGEST),
    "usage_entries.export": Sample({"owner_id": named("user", 8), "after": "", "limit": 500}, most=1500),
    "usage_entries.forget": Sample(
        {"owner_id": named("user", 8), "ids": [named("usage", number) for number in range(1, 11)]}, most=20
    ),
    "remains.count": Sample(_GONE, most=1000),
    **{f"remains.remove_{table}": Sample(_GONE, most=1000) for table in _HELD},
    "sessions.remove_all": Sample({"owner_id": named("user", 7)}),
    **pages("sessions.list", _OWN, _MIDDLE),
    **pages("sessions.list_archived", _OWN, _MIDDLE),
    **pages("sessions.list_unarchived", _OWN, _MIDDLE),
    "messages.add": new("message", _MESSAGE),
    **pages("messages.page", {"session_id": SESSION, **_OWN}, named("message", 500_000)),
    "messages.recent": Sample({"session_id": SESSION, "limit": 200, "most_characters": 20_000}, most=400),
    "messages.find_with_run": Sample({"session_id": SESSION, "client_message_id": "client-25001"}),
    "messages.exchange": Sample({"run_id": _RUN_ID, **_OWN}),
    "messages.find": Sample({"session_id": SESSION, **_OWN, "message_id": named("message", 500_000)}),
    "messages.supersede": Sample({"session_id": SESSION, "message_seq": LONGEST}),
    "sessions.find_by_chat": Sample({**_OWN, "client_chat_id": "chat-7"}),
    "usage_entries.add": new("run", {**_USAGE, "session_id": SESSION, "estimated": False, "at": NOW}),
    "usage_days.count": Sample({**_USAGE, "replies": 1}),
    "usage_days.list": Sample(_DAYS, most=100),
    "usage_days.spent": Sample(_DAYS, most=100),
    "usage_entries.forget_owner": Sample({"owner_id": named("user", 8)}, most=100),
    "usage_days.forget_owner": Sample({"owner_id": named("user", 8)}, most=100),
    "runs.get": Sample({"id": _RUN_ID, **_OWN}),
    "runs.find_response": Sample({"run_id": _RUN_ID, **_OWN}),
    "runs.find": Sample({"run_id": _RUN_ID, **_OWN}),
    "runs.add": new("run", _RUN),
    "runs.save": saved(_RUN_ID, _RUN),
    "runs.next_queued": Sample({"session_id": SESSION, **_OWN, "limit": 1}),
    "runs.claim": Sample({"node": named("node", 1), "limit": 50, "grace": 0.0}, most=500),
    "runs.reclaim": Sample({"node": named("node", 1), "limit": 50, "making": [_RUN_ID]}, most=500),
    "shares.find": Sample({"session_id": SESSION, **_OWN}),
    "shares.list_ids": Sample(_OWN),
    "shares.add": new("share", _SHARE),
    "shares.save": saved(named("share", 20_000), _SHARE),
    "shares.remove": removed(named("share", 20_000)),
    "shares.page": Sample({"share_id": named("share", 1), "after": LONGEST // 2, "limit": 51}, most=150),
    "nodes.renew": Sample({"node": named("node", 1), "lease": 4.0, "map_version": 1, "shards": 1}, most=20),
    "nodes.release": Sample({"node": named("node", 1)}, most=20),
    "nodes.sweep": Sample({}, most=500),
    "fences.find": Sample({"bucket": 37}),
    "fences.require_none": Sample({"bucket": 37}),
    "fences.count_of_move": Sample({"name": "move/1"}),
    "fences.lower": Sample({"name": "move/1"}, most=20),
    "fences.lower_of_move": Sample({"name": "move"}, most=20),
    **outbox("outbox"),
    **keys("idempotency"),
}
