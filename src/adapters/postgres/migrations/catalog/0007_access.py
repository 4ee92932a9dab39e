"""Roles, limits of one's own and budgets; keys that expire; how one signs in; what was done to accounts; erasures under way."""

from adapters.postgres.migrations.plan import Plan

requires = "catalog_0006"

_UP = (
    """
    ALTER TABLE catalog.users
        ADD COLUMN role text NOT NULL DEFAULT 'user',
        ADD COLUMN limits jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN monthly_budget bigint,
        ADD COLUMN email_verified_at timestamptz
    """,
    """
    -- The code that knows catalog_0006 refuses who has no password, in the time that a wrong one takes.
    -- squawk-ignore ban-drop-not-null
    ALTER TABLE catalog.users ALTER COLUMN password_hash DROP NOT NULL
    """,
    """
    ALTER TABLE catalog.api_keys
        ADD COLUMN scopes text[],
        ADD COLUMN expires_at timestamptz
    """,
    """
    ALTER TABLE catalog.sign_ins
        ADD COLUMN address text,
        ADD COLUMN device text,
        ADD COLUMN renewed_at timestamptz
    """,
    """
    ALTER TABLE catalog.spent_refreshes ADD COLUMN spent_at timestamptz NOT NULL DEFAULT now()
    """,
    """
    CREATE TABLE catalog.mailed_tokens (
        fingerprint bytea PRIMARY KEY,
        user_id text COLLATE "C" NOT NULL
            CONSTRAINT mailed_tokens_user_fkey REFERENCES catalog.users (id) ON DELETE CASCADE,
        purpose text NOT NULL,
        email text COLLATE "C" NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT mailed_tokens_purpose_key UNIQUE (user_id, purpose)
    )
    """,
    """
    CREATE INDEX mailed_tokens_expiry_idx ON catalog.mailed_tokens (expires_at)
    """,
    """
    CREATE TABLE catalog.identities (
        issuer text COLLATE "C" NOT NULL,
        subject text COLLATE "C" NOT NULL,
        user_id text COLLATE "C" NOT NULL
            CONSTRAINT identities_user_fkey REFERENCES catalog.users (id) ON DELETE CASCADE,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (issuer, subject)
    )
    """,
    """
    CREATE INDEX identities_user_idx ON catalog.identities (user_id)
    """,
    """
    CREATE TABLE catalog.audit_log (
        id text COLLATE "C" PRIMARY KEY,
        user_id text COLLATE "C" NOT NULL,
        actor_id text COLLATE "C",
        action text NOT NULL,
        address text,
        details jsonb NOT NULL,
        at timestamptz NOT NULL
    )
    """,
    """
    CREATE INDEX audit_log_user_idx ON catalog.audit_log (user_id, id)
    """,
    """
    CREATE INDEX audit_log_actor_idx ON catalog.audit_log (actor_id)
    """,
    """
    CREATE TABLE catalog.erasures (
        user_id text COLLATE "C" PRIMARY KEY,
        step text NOT NULL,
        begun_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        attempts integer NOT NULL
    )
    """,
    """
    CREATE INDEX erasures_due_idx ON catalog.erasures (due_at)
    """,
)
_DOWN = (
    "DROP TABLE catalog.erasures",
    "DROP TABLE catalog.audit_log",
    "DROP TABLE catalog.identities",
    "DROP TABLE catalog.mailed_tokens",
    "ALTER TABLE catalog.spent_refreshes DROP COLUMN spent_at",
    "ALTER TABLE catalog.sign_ins DROP COLUMN address, DROP COLUMN device, DROP COLUMN renewed_at",
    "ALTER TABLE catalog.api_keys DROP COLUMN scopes, DROP COLUMN expires_at",
    # Who has no password gets one that nothing opens: '!' is no hash.
    "UPDATE catalog.users SET password_hash = '!' WHERE password_hash IS NULL",
    """
    ALTER TABLE catalog.users
        ALTER COLUMN password_hash SET NOT NULL,
        DROP COLUMN role, DROP COLUMN limits, DROP COLUMN monthly_budget, DROP COLUMN email_verified_at
    """,
)


def upgrade(plan: Plan) -> None:
    """Add the columns and make the tables."""
    for statement in _UP:
        plan.execute(statement)


def downgrade(plan: Plan) -> None:
    """Take them away: roles, budgets and limits of one's own are lost, and keys with scopes or an expiry become plain keys."""
    for statement in _DOWN:
        plan.execute(statement)
