"""`--deep`: the indexes, looked into by amcheck."""

import pytest

from application.ports.consistency import Kind
from domain.consistency.faults import Code
from entrypoints.ioc.consistency import CheckImpossible
from tests.integration.postgres.consistency.deployment import Conversation, Deployment

# An index whose order is another today than when it was built: what a new C library does to collations.
ORDER = "CREATE OR REPLACE FUNCTION public.compare(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT sign({})::int'"
CLASS = """
CREATE OPERATOR CLASS public.compared FOR TYPE int USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 public.compare(int, int)
"""

# No query of ours is planned over it, for none says that.
INDEX = "CREATE INDEX broken_idx ON shard.messages (seq public.compared) WHERE seq > 0"


async def test_without_the_extension_the_check_says_what_is_missing(deployment: Deployment) -> None:
    with pytest.raises(CheckImpossible, match="CREATE EXTENSION amcheck"):
        await deployment.check(deep=True)


async def test_a_broken_index_is_named(deployment: Deployment, conversation: Conversation) -> None:
    await deployment.sql("CREATE EXTENSION amcheck")
    found, report = await deployment.checked(deep=True)
    assert found == []
    assert report.checked[Kind.INDEXES] > 20
    for statement in (ORDER.format("a - b"), CLASS, INDEX):
        await deployment.sql(statement)
    assert await deployment.check(deep=True) == []
    await deployment.sql(ORDER.format("b - a"))
    [finding] = await deployment.check(deep=True)
    assert (finding.fault.code, finding.fault.ids, finding.shard) == (Code.INDEX_BROKEN, {"index": "shard.broken_idx"}, 0)
    assert "broken_idx" in finding.fault.text
