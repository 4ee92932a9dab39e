"""Fences around buckets that have left a shard, the marks of moves, and which shard map each node goes by.

The triggers are switched on only while a move is under way: at all other times they cost nothing.
"""

from adapters.postgres.migrations.plan import Plan

_TABLES = ("sessions", "messages", "runs", "idempotency_keys")
_UP = (
    """
    CREATE TABLE shard.fences (
        bucket smallint PRIMARY KEY,
        move_id text COLLATE "C" NOT NULL,
        since timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE shard.move_marks (
        move_id text COLLATE "C" PRIMARY KEY,
        mark text COLLATE "C" NOT NULL
    )
    """,
    """
    ALTER TABLE shard.nodes
        ADD COLUMN map_version integer NOT NULL DEFAULT 0,
        ADD COLUMN shards integer NOT NULL DEFAULT 0
    """,
    """
    CREATE FUNCTION shard.refuse_fenced(the_bucket smallint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'bucket % has left this shard', the_bucket USING ERRCODE = 'OL002';
    END $$
    """,
    """
    CREATE FUNCTION shard.require_home(the_bucket smallint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        -- For what would touch no row, or a new one, where the bucket is not any more: triggers sleep there.
        IF EXISTS (SELECT FROM shard.fences WHERE bucket = the_bucket) THEN
            PERFORM shard.refuse_fenced(the_bucket);
        END IF;
        RETURN true;
    END $$
    """,
    """
    CREATE FUNCTION shard.require_unfenced() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        the_bucket smallint := CASE WHEN TG_OP = 'DELETE' THEN OLD.bucket ELSE NEW.bucket END;
    BEGIN
        -- Whoever puts up the fence takes this lock alone; a statement in here sees what was committed meanwhile.
        PERFORM pg_advisory_xact_lock_shared(5261003, the_bucket);
        IF EXISTS (SELECT FROM shard.fences WHERE bucket = the_bucket)
            AND coalesce(current_setting('onelast.mover', true), '') = '' THEN
            PERFORM shard.refuse_fenced(the_bucket);
        END IF;
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END $$
    """,
    *(
        f"""
    CREATE TRIGGER {table}_unfenced BEFORE INSERT OR UPDATE OR DELETE ON shard.{table}
        FOR EACH ROW EXECUTE FUNCTION shard.require_unfenced()
    """
        for table in _TABLES
    ),
    *(f"ALTER TABLE shard.{table} DISABLE TRIGGER {table}_unfenced" for table in _TABLES),
)
_DOWN = (
    *(f"DROP TRIGGER {table}_unfenced ON shard.{table}" for table in _TABLES),
    "DROP FUNCTION shard.require_unfenced(), shard.require_home(smallint), shard.refuse_fenced(smallint)",
    "ALTER TABLE shard.nodes DROP COLUMN shards, DROP COLUMN map_version",
    "DROP TABLE shard.move_marks, shard.fences",
)


def upgrade(plan: Plan) -> None:
    """Make the tables and the triggers, which sleep."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Take it all away."""
    for statement in _DOWN:
        plan.execute(statement)
