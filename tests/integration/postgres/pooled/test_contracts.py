"""The suites of the ports hold through PgBouncer as they do without it."""

from tests.integration.postgres.test_agent_reader import TestPostgresAgentReader as TestPooledAgentReader  # noqa: F401
from tests.integration.postgres.test_catalog import TestPostgresCatalog as TestPooledCatalog  # noqa: F401
from tests.integration.postgres.test_leases import TestPostgresRunLeases as TestPooledRunLeases  # noqa: F401
from tests.integration.postgres.test_outbox import TestPostgresOutbox as TestPooledOutbox  # noqa: F401
from tests.integration.postgres.test_run_reader import TestPostgresRunReader as TestPooledRunReader  # noqa: F401
from tests.integration.postgres.test_session_reader import TestPostgresSessionReader as TestPooledSessionReader  # noqa: F401
from tests.integration.postgres.test_shards import TestPostgresShards as TestPooledShards  # noqa: F401
from tests.integration.postgres.test_user_reader import TestPostgresUserReader as TestPooledUserReader  # noqa: F401
