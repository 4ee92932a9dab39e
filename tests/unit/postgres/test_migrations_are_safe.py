"""The program that `make check` runs over the migrations: what is safe passes, what is not is named with its file and rule."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.later_revisions import EXPAND, LaterRevisions

PROGRAM = Path(__file__).parents[3] / "scripts" / "check_migrations.py"
UNSAFE = {
    "adding-required-field": "ALTER TABLE shard.sessions ADD COLUMN mood text NOT NULL",
    "require-concurrent-index-creation": "CREATE INDEX sessions_title_idx ON shard.sessions (title)",
    "changing-column-type": "ALTER TABLE shard.sessions ALTER COLUMN head_seq TYPE bigint",
    "adding-not-nullable-field": "ALTER TABLE shard.sessions ALTER COLUMN title SET NOT NULL",
    "constraint-missing-not-valid": "ALTER TABLE shard.sessions ADD CONSTRAINT positive CHECK (head_seq >= 0)",
    "ban-drop-column": "ALTER TABLE shard.sessions DROP COLUMN title",
    "ban-drop-table": "DROP TABLE shard.sessions",
    "renaming-column": "ALTER TABLE shard.sessions RENAME COLUMN title TO heading",
    "require-table-schema": "ALTER TABLE sessions ADD COLUMN mood text",
    "syntax-error": "ALTER TABEL shard.sessions ADD COLUMN mood text",
}
DROPPED = "-- squawk-ignore ban-drop-column\nALTER TABLE shard.sessions DROP COLUMN title"


def check(*arguments: str) -> tuple[int, list[str]]:
    """Return the program's exit status and its lines."""
    ended = subprocess.run([sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    return ended.returncode, ended.stdout.splitlines()


def test_the_migrations_that_there_are_pass() -> None:
    status, lines = check()
    assert (status, len(lines)) == (0, 1), lines


@pytest.fixture
def later(tmp_path: Path) -> LaterRevisions:
    return LaterRevisions(tmp_path / "later", "shard")


def test_every_unsafe_statement_is_refused_with_its_file_and_rule(later: LaterRevisions) -> None:
    for statement in UNSAFE.values():
        later.add_statements(statement)
    status, lines = check("shard", str(later.folder))
    assert status == 1
    for file, rule in zip(sorted(later.folder.glob("*.py")), UNSAFE, strict=True):
        assert [line for line in lines if line.startswith(f"{file}: {rule}: ")], (rule, lines)


def test_an_expansion_and_its_index_pass(later: LaterRevisions) -> None:
    later.add_statements(*EXPAND["shard"])
    later.add('plan.create_index_concurrently("sessions_mood_idx", "shard.sessions", "mood")')
    later.add('plan.in_batches("shard.sessions", key="id", change="mood = \'calm\'", where="mood IS NULL")')
    assert check("shard", str(later.folder))[0] == 0


def test_a_contraction_says_what_code_must_know(later: LaterRevisions) -> None:
    later.add_statements(DROPPED)
    status, lines = check("shard", str(later.folder))
    assert (status, len(lines)) == (1, 1)
    assert ": contract-without-requires: " in lines[0]


def test_a_contraction_that_says_it_passes(later: LaterRevisions) -> None:
    later.add_statements(DROPPED, requires="shard_0004")
    assert check("shard", str(later.folder))[0] == 0


def test_plain_statements_among_online_steps_are_refused(later: LaterRevisions) -> None:
    later.add('plan.drop_index_concurrently("shard.some_idx")', 'plan.execute("SELECT 1")')
    status, lines = check("shard", str(later.folder))
    assert (status, len(lines)) == (1, 1)
    assert ": mixed-plan: " in lines[0]
