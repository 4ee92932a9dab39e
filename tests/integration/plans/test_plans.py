"""How every statement is carried out on a database of a million messages."""

from collections.abc import Mapping
from typing import Final

import pytest

from adapters.postgres.connecting import connector
from adapters.postgres.statement import Statement
from adapters.postgres.tables import CATALOG, SHARD
from tests.integration.plans.catalog_samples import CATALOG_SAMPLES
from tests.integration.plans.consistency_samples import CONSISTENCY_SAMPLES, SCAN_STATEMENTS
from tests.integration.plans.explaining import Connection, blocks_of, explain, planned, rows_of, told
from tests.integration.plans.samples import Sample
from tests.integration.plans.server_samples import SERVER_SAMPLES
from tests.integration.plans.shard_samples import SHARD_SAMPLES
from tests.support.statements import all_statements

# They have as many rows as there are nodes, maps or moves; reading them whole is reading little.
_STAY_SMALL: Final = {
    "shard.nodes", "shard.fences", "shard.move_marks", "catalog.shard_maps", "catalog.shard_moves", "catalog.shard_pins",
}
_GROWING: Final = frozenset(table.fullname for metadata in (CATALOG, SHARD) for table in metadata.tables.values()) - _STAY_SMALL
_STATEMENTS: Final = [*all_statements(), *SCAN_STATEMENTS]
_SAMPLES: Final[Mapping[str, Sample]] = {**CATALOG_SAMPLES, **SHARD_SAMPLES, **SERVER_SAMPLES, **CONSISTENCY_SAMPLES}


def test_every_statement_has_a_sample_and_every_sample_a_statement() -> None:
    assert {statement.name for statement in _STATEMENTS} == set(_SAMPLES)


@pytest.mark.parametrize("statement", _STATEMENTS, ids=lambda statement: statement.name)
async def test_it_reads_by_an_index_no_more_than_it_is_asked_for(statement: Statement, seeded: Connection) -> None:
    sample = _SAMPLES[statement.name]
    explained = await explain(seeded, statement, sample.values)
    steps = [told(node) for node in explained.steps()]
    assert [told(node) for node in explained.steps() if rows_of(node) > sample.most] == [], steps
    assert explained.scanned & _GROWING == set(), steps
    assert [blocks for blocks in map(blocks_of, explained.plans) if blocks > 20 + 12 * sample.most] == [], steps


async def test_a_plan_that_was_made_while_the_tables_were_empty_does_not_read_them_whole_later(own_dsn: str) -> None:
    connection = await connector(own_dsn, statement_timeout=5, pooler="none").connect()
    read_whole = {
        statement.name: [node["Relation Name"] for node in steps if node["Node Type"] == "Seq Scan"]
        for statement in _STATEMENTS if (steps := await planned(connection, statement, _SAMPLES[statement.name].values))
    }
    await connection.close()
    names = {table.name for metadata in (CATALOG, SHARD) for table in metadata.tables.values() if table.fullname in _GROWING}
    assert {name: whole for name, tables in read_whole.items() if (whole := names.intersection(tables))} == {}
