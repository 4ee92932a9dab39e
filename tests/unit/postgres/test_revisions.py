"""Which schemas this release can work on, and which files make a chain."""

from pathlib import Path

import pytest

from adapters.postgres.migrations.plan import MixedPlan, Plan
from adapters.postgres.revisions import OLDEST, BrokenChain, Stamp, Tree, chain, fault, head, number_of

both_trees = pytest.mark.parametrize("tree", ["catalog", "shard"])


def moved(tree: Tree, name: str, by: int) -> str:
    """Return the name of a revision so many further on."""
    return f"{tree}_{(number_of(tree, name) or 0) + by:04d}"


@both_trees
def test_a_schema_from_the_oldest_to_the_newest_will_do(tree: Tree) -> None:
    for revision in chain(tree):
        problem = fault(tree, Stamp(revision.name))
        assert (problem is None) == (revision.name >= OLDEST[tree])
        assert problem is None or "`onelast migrate`" in problem
    assert OLDEST[tree] in [revision.name for revision in chain(tree)]


@both_trees
def test_a_schema_that_later_releases_have_expanded_will_do(tree: Tree) -> None:
    newer = moved(tree, head(tree), by=7)
    assert fault(tree, Stamp(newer)) is None
    assert fault(tree, Stamp(newer, requires=head(tree))) is None


@both_trees
def test_a_schema_from_which_something_was_taken_that_this_release_needs_is_refused(tree: Tree) -> None:
    newer = moved(tree, head(tree), by=2)
    problem = fault(tree, Stamp(newer, requires=moved(tree, head(tree), by=1)))
    assert problem is not None
    assert newer in problem
    assert "`onelast migrate`" not in problem


@both_trees
@pytest.mark.parametrize("name", ["0000", "ae1027a6acf", "shards_0004", "shard_00004", "catalog_0000", ""])
def test_garbage_is_no_later_release(tree: Tree, name: str) -> None:
    assert "none of this program's" in (fault(tree, Stamp(name)) or "")


def test_an_empty_database_is_refused() -> None:
    assert "`onelast migrate`" in (fault("shard", None) or "")


@pytest.mark.parametrize("names", [["{:04d}_a.py", "{:04d}_b.py"], ["{}_a.py"], ["{:04d}.py"], ["9999_a.py"]])
def test_files_that_make_no_chain_are_named(tmp_path: Path, names: list[str]) -> None:
    following = len(chain("shard")) + 1
    for name in names:
        (tmp_path / name.format(following)).touch()
    with pytest.raises(BrokenChain, match=names[-1].format(following)):
        chain("shard", tmp_path)


def test_a_revision_is_a_transaction_or_online_and_never_both() -> None:
    plan = Plan()
    plan.execute("CREATE TABLE shard.moods (id text PRIMARY KEY)")
    with pytest.raises(MixedPlan):
        plan.drop_index_concurrently("shard.some_idx")
    plan = Plan()
    plan.create_index_concurrently("some_idx", "shard.moods", "id")
    with pytest.raises(MixedPlan):
        plan.execute("CREATE TABLE shard.moods (id text PRIMARY KEY)")
