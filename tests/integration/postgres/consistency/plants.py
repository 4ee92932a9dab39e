"""Faults to plant: what to do to a conversation's rows, and what is to be found then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.consistency.faults import Code
from tests.integration.postgres.consistency.deployment import Conversation, Deployment


@dataclass(frozen=True, slots=True, eq=False)
class Plant:
    """Statements in which :names stand for identifiers of the conversation, and how often the check then tells of each kind."""

    name: str
    statements: tuple[str, ...]
    found: Mapping[Code, int]
    repaired: bool = False
    named: tuple[str, ...] = field(default=())

    async def put(self, deployment: Deployment, conversation: Conversation) -> None:
        """Spoil the rows."""
        for statement in self.statements:
            await deployment.sql(filled(statement, names_of(deployment, conversation)))


def names_of(deployment: Deployment, conversation: Conversation) -> dict[str, Any]:
    """Return what the names stand for."""
    runs = {name: getattr(conversation, name).id for name in ("completed", "stopped", "failed", "streaming", "queued")}
    return {**runs, "session": conversation.session.id, "user": conversation.user.id, "agent": deployment.agent.id}


def filled(statement: str, names: Mapping[str, str]) -> str:
    """Return the statement with identifiers for names; they hold nothing that would need quoting."""
    for name, value in names.items():
        statement = statement.replace(f":{name}", f"'{value}'")
    return statement


def update(table: str, change: str, where: str = "session_id = :session") -> tuple[str, ...]:
    """Return the statement that changes rows."""
    return (f"UPDATE shard.{table} SET {change} WHERE {where}",)


def on_run(name: str, change: str) -> tuple[str, ...]:
    """Return the statement that changes a run."""
    return update("runs", change, f"id = :{name}")


def on_session(change: str) -> tuple[str, ...]:
    """Return the statement that changes the session."""
    return update("sessions", change, "id = :session")


def bucket_of_one(table: str, where: str = "session_id = :session") -> tuple[str, ...]:
    """Return the statement that spoils the bucket of one row."""
    one = f"(SELECT ctid FROM shard.{table} WHERE {where} LIMIT 1)"
    return (f"UPDATE shard.{table} SET bucket = (bucket + 1) % 4096 WHERE ctid = {one}",)


# The streaming run has ended and nobody noticed; the one that waits is all that is left.
_ENDED = on_run("streaming", "status = 'cancelled', finished_at = now()")
_OTHER_OWNER = "left(owner_id, -1) || CASE right(owner_id, 1) WHEN '0' THEN '1' ELSE '0' END"
NO_SESSION = (
    "ALTER TABLE shard.sessions DISABLE TRIGGER sessions_emptied", "DELETE FROM shard.sessions WHERE id = :session",
    "ALTER TABLE shard.sessions ENABLE TRIGGER sessions_emptied",
)

SESSIONS = (
    Plant("head_too_high", on_session("head_seq = head_seq + 2"), {Code.HEAD_SEQ: 1}, True, (":session",)),
    Plant("head_too_low", on_session("head_seq = 0"), {Code.HEAD_SEQ: 1}, True),
    Plant("waiting_too_many", on_session("waiting = waiting + 1"), {Code.SESSION_TURN: 1}, True, (":session",)),
    Plant("waiting_too_few", on_session("waiting = 0"), {Code.SESSION_TURN: 1}, True),
    Plant(
        "active_run_unknown", (*_ENDED, *on_run("queued", "status = 'cancelled', finished_at = now()"), *on_session(
            "active_run_id = 'run_00000000000000000000000000', waiting = 0")), {Code.SESSION_TURN: 1}, True,
    ),
    Plant(
        "active_run_ended", (*_ENDED, *on_run("queued", "status = 'cancelled', finished_at = now()"), *on_session("waiting = 0")),
        {Code.SESSION_TURN: 1}, True,
    ),
    Plant(
        "no_active_run", (*on_run("queued", "status = 'cancelled', finished_at = now()"), *on_session(
            "active_run_id = NULL, waiting = 0")), {Code.RUN_OUT_OF_TURN: 1}, True, (":streaming", ":session"),
    ),
    Plant("owner_unknown", ("DELETE FROM catalog.users WHERE id = :user",), {Code.OWNER_UNKNOWN: 2}, named=(":user", ":session")),
)
MESSAGES = (
    Plant(
        "a_gap", ("DELETE FROM shard.messages WHERE run_id = :stopped AND role = 'assistant'",), {Code.SEQ_GAP: 1},
        named=(":session",),
    ),
    Plant(
        "first_number", (*update("messages", "seq = -seq"), *update("messages", "seq = 1 - seq"), *update(
            "runs", "message_seq = message_seq + 1"), *on_session("head_seq = head_seq + 1")), {Code.SEQ_GAP: 1},
    ),
    Plant(
        "head_beside_a_gap", ("DELETE FROM shard.messages WHERE run_id = :stopped AND role = 'assistant'",
                              *on_session("head_seq = 1")), {Code.SEQ_GAP: 1, Code.HEAD_SEQ: 1},
    ),
    Plant(
        "run_lost", ("DELETE FROM shard.runs WHERE id = :completed",), {Code.MESSAGE_WITHOUT_RUN: 2},
        named=(":completed", ":session"),
    ),
    Plant("reply_of_another_session", update(
        "messages", "run_id = 'run_00000000000000000000000000'", "run_id = :stopped AND role = 'assistant'"
    ), {Code.MESSAGE_WITHOUT_RUN: 1}),
)
RUNS = (
    Plant("no_message", on_run("failed", "message_seq = message_seq + 1"), {Code.RUN_WITHOUT_MESSAGE: 1}, named=(":failed",)),
    Plant("no_reply", on_run("failed", "status = 'completed'"), {Code.RUN_WITHOUT_REPLY: 1}, named=(":failed",)),
    Plant("two_replies", update("messages", "role = 'assistant'", "run_id = :completed"), {Code.RUN_REPLIED_TWICE: 1}),
    Plant("no_usage", on_run("completed", "output_tokens = NULL"), {Code.RUN_END: 1}, named=(":completed",)),
    Plant("no_finished_at", on_run("completed", "finished_at = NULL"), {Code.RUN_END: 1}),
    Plant("no_error", on_run("failed", "error_code = NULL"), {Code.RUN_END: 1}),
    Plant("finished_yet_streaming", on_run("streaming", "finished_at = now()"), {Code.RUN_END: 1}),
    Plant("unknown_status", on_run("failed", "status = 'lost'"), {Code.RUN_END: 1}),
    Plant("another_owner", on_run("failed", f"owner_id = {_OTHER_OWNER}"), {Code.OWNER_DIFFERS: 1}, named=(":failed",)),
    Plant("share_of_anothers", update("shares", f"owner_id = {_OTHER_OWNER}"), {Code.OWNER_DIFFERS: 1}, named=(":session",)),
    Plant("node_unknown", on_run("streaming", "node = 'node_of_the_past'"), {Code.RUN_UNMADE: 1}, named=(":streaming",)),
    Plant(
        "node_lapsed", ("INSERT INTO shard.nodes (id, alive_until) VALUES ('node_of_late', '-infinity')",
                        *on_run("streaming", "node = 'node_of_late'")), {Code.RUN_UNMADE: 1},
    ),
)
PLACES = (
    Plant("bucket_of_a_session", bucket_of_one("sessions", "id = :session"), {Code.WRONG_BUCKET: 1}, named=(":session",)),
    Plant("bucket_of_a_message", bucket_of_one("messages"), {Code.WRONG_BUCKET: 1}, named=(":session",)),
    Plant("bucket_of_a_run", bucket_of_one("runs"), {Code.WRONG_BUCKET: 1}, named=(":session",)),
    Plant("bucket_of_a_share", bucket_of_one("shares"), {Code.WRONG_BUCKET: 1}, named=(":session",)),
    Plant("bucket_of_a_key", bucket_of_one("idempotency_keys", "owner_id = :user"), {Code.WRONG_BUCKET: 1}, named=(":user",)),
)
_EVENT = "INSERT INTO {}.outbox (id, kind, payload, due_at, attempts) VALUES ('event_stuck', 'SessionChanged', '{{}}', {}, {})"
EVENTS = tuple(
    Plant(f"{name}_in_{schema}", (_EVENT.format(schema, due, tries),), {code: 1}, code.repairable, ("'event_stuck'",))
    for schema in ("catalog", "shard")
    for name, due, tries, code in (
        ("overdue", "now() - interval '6 minutes'", 0, Code.EVENT_OVERDUE),
        ("failing", "now() + interval '1 minute'", 10, Code.EVENT_FAILING),
    )
)
REMARKS = (
    Plant("agent_unknown", ("DELETE FROM catalog.agents WHERE id = :agent",), {Code.AGENT_UNKNOWN: 2}, named=(":agent",)),
    Plant("no_node", ("DELETE FROM shard.nodes",), {Code.RUN_WAITS: 2}, named=(":streaming",)),
)
ORPHANED = Plant(
    "orphans", NO_SESSION, {Code.MESSAGE_ORPHANED: 9, Code.RUN_ORPHANED: 6, Code.SHARE_ORPHANED: 1}, True, (":session", ":queued")
)
WAITING_FOR_NOBODY = Plant(
    "waiting_for_nobody", (*_ENDED, *on_session("active_run_id = NULL")), {Code.SESSION_TURN: 1}, named=(":session",),
)
OF_NO_NODE = Plant("of_no_node", on_run("streaming", "node = NULL"), {Code.RUN_UNMADE: 1}, named=(":streaming",))
