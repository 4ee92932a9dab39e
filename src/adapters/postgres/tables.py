"""All tables, declared once: statements are built from them, and a test compares them with what the migrations make.

Identifiers are text in the "C" collation, so that they compare as bytes and sort by time. `bucket` repeats the owner's bucket for
the row filter that moves it to another shard. Between hot tables there are no foreign keys: the session's version guards them.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB

Id: Final = Text(collation="C")
Moment: Final = DateTime(timezone=True)
CATALOG: Final = MetaData(schema="catalog")
SHARD: Final = MetaData(schema="shard")


def _required(name: str, kind: Any, *rest: Any, **named: Any) -> Column[Any]:
    return Column(name, kind, *rest, nullable=False, **named)


def _outbox(metadata: MetaData) -> Table:
    return Table(
        "outbox", metadata,
        Column("id", Id, primary_key=True),
        _required("kind", Text),
        _required("payload", JSONB),
        _required("due_at", Moment, server_default=text("now()")),
        _required("attempts", Integer, server_default=text("0")),
        Index("outbox_due_idx", "due_at"),
    )


def _dead_letters(metadata: MetaData) -> Table:
    return Table(
        "dead_letters", metadata,
        Column("id", Id, primary_key=True),
        _required("kind", Text),
        _required("payload", JSONB),
        _required("attempts", Integer),
        _required("reason", Text),
        _required("died_at", Moment, server_default=text("now()")),
    )


def _idempotency_keys(metadata: MetaData, owner_id: Column[Any], *more: Column[Any]) -> Table:
    # JSON and not JSONB: an answer is told again as it was, to the letter.
    return Table(
        "idempotency_keys", metadata,
        owner_id,
        Column("key", Id, primary_key=True),
        *more,
        _required("request", LargeBinary),
        _required("answer", JSON),
        _required("created_at", Moment, server_default=text("now()")),
        Index("idempotency_keys_age_idx", "created_at"),
    )


USERS: Final = Table(
    "users", CATALOG,
    Column("id", Id, primary_key=True),
    _required("email", Id),
    _required("name", Text),
    _required("plan", Text),
    Column("password_hash", Text),
    _required("created_at", Moment),
    _required("updated_at", Moment),
    _required("version", Integer),
    _required("role", Text, server_default=text("'user'")),
    _required("limits", JSONB, server_default=text("'{}'")),
    Column("monthly_budget", BigInteger),
    Column("email_verified_at", Moment),
    UniqueConstraint("email", name="users_email_key"),
)
SIGN_INS: Final = Table(
    "sign_ins", CATALOG,
    Column("id", Id, primary_key=True),
    _required("user_id", Id, ForeignKey("catalog.users.id", name="sign_ins_user_fkey", ondelete="CASCADE")),
    _required("access", LargeBinary),
    _required("access_expires_at", Moment),
    _required("refresh", LargeBinary),
    _required("expires_at", Moment),
    _required("created_at", Moment),
    _required("version", Integer),
    Column("address", Text),
    Column("device", Text),
    Column("renewed_at", Moment),
    UniqueConstraint("access", name="sign_ins_access_key"),
    UniqueConstraint("refresh", name="sign_ins_refresh_key"),
    Index("sign_ins_user_idx", "user_id"),
    Index("sign_ins_expiry_idx", "expires_at"),
)
SPENT_REFRESHES: Final = Table(
    "spent_refreshes", CATALOG,
    Column("refresh", LargeBinary, primary_key=True),
    _required("sign_in_id", Id, ForeignKey("catalog.sign_ins.id", name="spent_refreshes_sign_in_fkey", ondelete="CASCADE")),
    _required("spent_at", Moment, server_default=text("now()")),
    Index("spent_refreshes_sign_in_idx", "sign_in_id"),
    Index("spent_refreshes_age_idx", "spent_at"),
)
API_KEYS: Final = Table(
    "api_keys", CATALOG,
    Column("id", Id, primary_key=True),
    _required("user_id", Id, ForeignKey("catalog.users.id", name="api_keys_user_fkey", ondelete="CASCADE")),
    _required("name", Text),
    _required("fingerprint", LargeBinary),
    _required("hint", Text),
    _required("created_at", Moment),
    Column("scopes", ARRAY(Text)),
    Column("expires_at", Moment),
    UniqueConstraint("fingerprint", name="api_keys_fingerprint_key"),
    Index("api_keys_user_idx", "user_id", "id"),
    Index("api_keys_expiry_idx", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
)
MAILED_TOKENS: Final = Table(
    "mailed_tokens", CATALOG,
    Column("fingerprint", LargeBinary, primary_key=True),
    _required("user_id", Id, ForeignKey("catalog.users.id", name="mailed_tokens_user_fkey", ondelete="CASCADE")),
    _required("purpose", Text),
    _required("email", Id),
    _required("expires_at", Moment),
    UniqueConstraint("user_id", "purpose", name="mailed_tokens_purpose_key"),
    Index("mailed_tokens_expiry_idx", "expires_at"),
)
IDENTITIES: Final = Table(
    "identities", CATALOG,
    Column("issuer", Id, primary_key=True),
    Column("subject", Id, primary_key=True),
    _required("user_id", Id, ForeignKey("catalog.users.id", name="identities_user_fkey", ondelete="CASCADE")),
    _required("created_at", Moment),
    Index("identities_user_idx", "user_id"),
)
AUDIT_LOG: Final = Table(
    "audit_log", CATALOG,
    Column("id", Id, primary_key=True),
    _required("user_id", Id),
    Column("actor_id", Id),
    _required("action", Text),
    Column("address", Text),
    _required("details", JSONB),
    _required("at", Moment),
    Index("audit_log_user_idx", "user_id", "id"),
    Index("audit_log_actor_idx", "actor_id"),
)
ERASURES: Final = Table(
    "erasures", CATALOG,
    Column("user_id", Id, primary_key=True),
    _required("step", Text),
    _required("begun_at", Moment),
    _required("due_at", Moment),
    _required("attempts", Integer),
    Index("erasures_due_idx", "due_at"),
)
AGENTS: Final = Table(
    "agents", CATALOG,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("catalog.users.id", name="agents_owner_fkey", ondelete="CASCADE")),
    _required("slug", Id),
    _required("name", Text),
    _required("description", Text),
    _required("persona", Text),
    _required("model", Text),
    Column("temperature", Double),
    Column("top_p", Double),
    Column("max_tokens", Integer),
    _required("visibility", Text),
    _required("created_at", Moment),
    _required("updated_at", Moment),
    Column("retired_at", Moment),
    _required("version", Integer),
    Index("agents_slug_key", "slug", unique=True, postgresql_where=text("retired_at IS NULL")),
    Index("agents_public_idx", "id", postgresql_where=text("retired_at IS NULL AND visibility = 'public'")),
    Index("agents_owner_idx", "owner_id", "id"),
    Index("agents_own_idx", "owner_id", "id", postgresql_where=text("retired_at IS NULL")),
)
SHARD_MAPS: Final = Table(
    "shard_maps", CATALOG,
    Column("version", Integer, primary_key=True, autoincrement=False),
    _required("shards", ARRAY(SmallInteger)),
    _required("created_at", Moment, server_default=text("now()")),
    _required("moving", ARRAY(SmallInteger), server_default=text("'{}'")),
)
SHARD_MOVES: Final = Table(
    "shard_moves", CATALOG,
    Column("id", Id, primary_key=True),
    _required("buckets", ARRAY(SmallInteger)),
    _required("source", SmallInteger),
    _required("target", SmallInteger),
    _required("phase", Text),
    Column("fence", Id),
    Column("fenced_seconds", Double),
    _required("started_at", Moment, server_default=text("now()")),
    Column("ended_at", Moment),
    Index("shard_moves_open_key", text("(true)"), unique=True, postgresql_where=text("ended_at IS NULL")),
)
SHARD_PINS: Final = Table(
    "shard_pins", CATALOG,
    Column("user_id", Id, primary_key=True),
    _required("shard", SmallInteger),
)
CATALOG_KEYS: Final = _idempotency_keys(
    CATALOG,
    Column(
        "owner_id", Id, ForeignKey("catalog.users.id", name="idempotency_keys_owner_fkey", ondelete="CASCADE"), primary_key=True
    ),
)
LINK_SEEDS: Final = Table(
    "link_seeds", CATALOG,
    Column("owner_id", Id, ForeignKey("catalog.users.id", name="link_seeds_owner_fkey", ondelete="CASCADE"), primary_key=True),
    _required("seed", LargeBinary),
)
CATALOG_OUTBOX: Final = _outbox(CATALOG)
CATALOG_DEAD_LETTERS: Final = _dead_letters(CATALOG)

SESSIONS: Final = Table(
    "sessions", SHARD,
    Column("id", Id, primary_key=True),
    _required("owner_id", Id),
    _required("bucket", SmallInteger),
    _required("agent_id", Id),
    Column("title", Text),
    _required("metadata", JSONB),
    _required("head_seq", Integer),
    _required("archived", Boolean),
    Column("active_run_id", Id),
    _required("waiting", Integer, server_default=text("0")),
    _required("created_at", Moment),
    _required("updated_at", Moment),
    _required("version", Integer),
    Column("client_chat_id", Text),
    Index("sessions_owner_idx", "owner_id", "id"),
    Index("sessions_archived_idx", "owner_id", "id", postgresql_where=text("archived")),
    Index("sessions_unarchived_idx", "owner_id", "id", postgresql_where=text("NOT archived")),
    Index("sessions_bucket_idx", "bucket"),
    Index(
        "sessions_client_chat_key", "owner_id", "client_chat_id", unique=True,
        postgresql_where=text("client_chat_id IS NOT NULL"),
    ),
)
MESSAGES: Final = Table(
    "messages", SHARD,
    Column("session_id", Id, primary_key=True),
    Column("seq", Integer, primary_key=True),
    _required("id", Id),
    _required("bucket", SmallInteger),
    _required("role", Text),
    _required("content", JSONB),
    _required("characters", Integer),
    _required("run_id", Id),
    _required("status", Text),
    _required("created_at", Moment),
    Column("client_message_id", Text),
    _required("superseded", Boolean, server_default=text("false")),
    UniqueConstraint("id", name="messages_id_key"),
    Index("messages_run_idx", "run_id"),
    Index("messages_bucket_idx", "bucket"),
    Index(
        "messages_client_message_key", "session_id", "client_message_id", unique=True,
        postgresql_where=text("client_message_id IS NOT NULL"),
    ),
)
RUNS: Final = Table(
    "runs", SHARD,
    Column("id", Id, primary_key=True),
    _required("session_id", Id),
    _required("owner_id", Id),
    _required("bucket", SmallInteger),
    _required("agent_id", Id),
    _required("model", Text),
    _required("message_id", Id),
    _required("message_seq", Integer),
    _required("created_at", Moment),
    _required("status", Text),
    _required("attempt", Integer),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("finished_at", Moment),
    _required("last_seq", Integer),
    Column("node", Id),
    _required("losses", Integer, server_default=text("0")),
    _required("cancel_requested", Boolean, server_default=text("false")),
    _required("version", Integer),
    Column("options", JSONB),
    Index("runs_session_idx", "session_id"),
    Index("runs_bucket_idx", "bucket"),
    Index("runs_node_idx", "node", postgresql_where=text("finished_at IS NULL")),
    Index("runs_cancel_idx", "node", postgresql_where=text("finished_at IS NULL AND cancel_requested")),
    Index("runs_queued_idx", "session_id", "message_seq", postgresql_where=text("status = 'queued'")),
)
SHARES: Final = Table(
    "shares", SHARD,
    Column("id", Id, primary_key=True),
    _required("session_id", Id),
    _required("owner_id", Id),
    _required("bucket", SmallInteger),
    _required("fingerprint", LargeBinary),
    Column("title", Text),
    Column("agent_id", Id),
    Column("agent_name", Text),
    _required("head_seq", Integer),
    _required("taken_at", Moment),
    _required("created_at", Moment),
    _required("version", Integer),
    UniqueConstraint("session_id", name="shares_session_key"),
    Index("shares_owner_idx", "owner_id"),
    Index("shares_bucket_idx", "bucket"),
)
USAGE_ENTRIES: Final = Table(
    "usage_entries", SHARD,
    Column("id", Id, primary_key=True),
    _required("owner_id", Id),
    _required("bucket", SmallInteger),
    Column("session_id", Id),
    _required("agent_id", Id),
    _required("model", Text),
    _required("day", Date),
    _required("input_tokens", BigInteger),
    _required("output_tokens", BigInteger),
    _required("cost", BigInteger),
    _required("estimated", Boolean),
    _required("at", Moment),
    Index("usage_entries_owner_idx", "owner_id", "id"),
    Index("usage_entries_bucket_idx", "bucket"),
)
USAGE_DAYS: Final = Table(
    "usage_days", SHARD,
    Column("owner_id", Id, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("agent_id", Id, primary_key=True),
    Column("model", Id, primary_key=True),
    _required("bucket", SmallInteger),
    _required("replies", BigInteger),
    _required("input_tokens", BigInteger),
    _required("output_tokens", BigInteger),
    _required("cost", BigInteger),
    Index("usage_days_bucket_idx", "bucket"),
)
NODES: Final = Table(
    "nodes", SHARD,
    Column("id", Id, primary_key=True),
    _required("alive_until", Moment),
    _required("map_version", Integer, server_default=text("0")),
    _required("shards", Integer, server_default=text("0")),
    Index("nodes_alive_idx", "alive_until"),
)
FENCES: Final = Table(
    "fences", SHARD,
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    _required("move_id", Id),
    _required("since", Moment, server_default=text("now()")),
)
MOVE_MARKS: Final = Table(
    "move_marks", SHARD,
    Column("move_id", Id, primary_key=True),
    _required("mark", Id),
)
SHARD_KEYS: Final = _idempotency_keys(SHARD, Column("owner_id", Id, primary_key=True), _required("bucket", SmallInteger))
Index("idempotency_keys_bucket_idx", SHARD_KEYS.c.bucket)
SHARD_OUTBOX: Final = _outbox(SHARD)
SHARD_DEAD_LETTERS: Final = _dead_letters(SHARD)
