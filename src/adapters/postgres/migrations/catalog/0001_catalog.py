"""The catalog: users, sign-ins, keys, agents, the shard map."""

from adapters.postgres.migrations.plan import Plan

_UP = (
    """
    CREATE FUNCTION catalog.require_rows(got bigint, wanted bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF got <> wanted THEN
            RAISE EXCEPTION 'wrote % of % rows', got, wanted USING ERRCODE = 'OL001';
        END IF;
        RETURN true;
    END $$
    """,
    """
    CREATE TABLE catalog.users (
        id text COLLATE "C" PRIMARY KEY,
        email text COLLATE "C" NOT NULL CONSTRAINT users_email_key UNIQUE,
        name text NOT NULL,
        plan text NOT NULL,
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version integer NOT NULL
    )
    """,
    """
    CREATE TABLE catalog.sign_ins (
        id text COLLATE "C" PRIMARY KEY,
        user_id text COLLATE "C" NOT NULL CONSTRAINT sign_ins_user_fkey REFERENCES catalog.users ON DELETE CASCADE,
        access bytea NOT NULL CONSTRAINT sign_ins_access_key UNIQUE,
        access_expires_at timestamptz NOT NULL,
        refresh bytea NOT NULL CONSTRAINT sign_ins_refresh_key UNIQUE,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        version integer NOT NULL
    )
    """,
    """
    CREATE INDEX sign_ins_user_idx ON catalog.sign_ins (user_id)
    """,
    """
    CREATE INDEX sign_ins_expiry_idx ON catalog.sign_ins (expires_at)
    """,
    """
    CREATE TABLE catalog.spent_refreshes (
        refresh bytea PRIMARY KEY,
        sign_in_id text COLLATE "C" NOT NULL CONSTRAINT spent_refreshes_sign_in_fkey REFERENCES catalog.sign_ins ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX spent_refreshes_sign_in_idx ON catalog.spent_refreshes (sign_in_id)
    """,
    """
    CREATE TABLE catalog.api_keys (
        id text COLLATE "C" PRIMARY KEY,
        user_id text COLLATE "C" NOT NULL CONSTRAINT api_keys_user_fkey REFERENCES catalog.users ON DELETE CASCADE,
        name text NOT NULL,
        fingerprint bytea NOT NULL CONSTRAINT api_keys_fingerprint_key UNIQUE,
        hint text NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
    """
    CREATE INDEX api_keys_user_idx ON catalog.api_keys (user_id, id)
    """,
    """
    CREATE TABLE catalog.agents (
        id text COLLATE "C" PRIMARY KEY,
        owner_id text COLLATE "C" CONSTRAINT agents_owner_fkey REFERENCES catalog.users ON DELETE CASCADE,
        slug text COLLATE "C" NOT NULL,
        name text NOT NULL,
        description text NOT NULL,
        persona text NOT NULL,
        model text NOT NULL,
        temperature double precision,
        top_p double precision,
        max_tokens integer,
        visibility text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        retired_at timestamptz,
        version integer NOT NULL
    )
    """,
    """
    CREATE UNIQUE INDEX agents_slug_key ON catalog.agents (slug) WHERE retired_at IS NULL
    """,
    """
    CREATE INDEX agents_public_idx ON catalog.agents (id) WHERE retired_at IS NULL AND visibility = 'public'
    """,
    """
    CREATE INDEX agents_owner_idx ON catalog.agents (owner_id, id)
    """,
    """
    CREATE TABLE catalog.shard_maps (
        version integer PRIMARY KEY,
        shards smallint[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE catalog.outbox (
        id text COLLATE "C" PRIMARY KEY,
        kind text NOT NULL,
        payload jsonb NOT NULL,
        due_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE INDEX outbox_due_idx ON catalog.outbox (due_at)
    """,
)
_DOWN = (
    """
    DROP TABLE catalog.outbox, catalog.shard_maps, catalog.agents, catalog.api_keys, catalog.spent_refreshes, catalog.sign_ins,
    catalog.users
    """,
    """
    DROP FUNCTION catalog.require_rows
    """,
)


def upgrade(plan: Plan) -> None:
    """Make everything."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Drop everything."""
    for statement in _DOWN:
        plan.execute(statement)
