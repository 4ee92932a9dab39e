"""Revisions that a later release might bring, in a folder of a test's own."""

from collections.abc import Sequence
from pathlib import Path

from adapters.postgres.revisions import Tree, chain, number_of

EXPAND = {
    "catalog": (
        "ALTER TABLE catalog.users ADD COLUMN motto text",
        "ALTER TABLE catalog.users ADD COLUMN visits bigint NOT NULL DEFAULT 0",
        "CREATE TABLE catalog.badges (user_id text PRIMARY KEY REFERENCES catalog.users ON DELETE CASCADE, name text NOT NULL)",
    ),
    "shard": (
        "ALTER TABLE shard.sessions ADD COLUMN mood text",
        "ALTER TABLE shard.messages ADD COLUMN mood text",
        "ALTER TABLE shard.runs ADD COLUMN mood text NOT NULL DEFAULT 'calm'",
        "CREATE TABLE shard.moods (session_id text PRIMARY KEY, mood text NOT NULL)",
    ),
}
_FILE = '''
{requires}
def upgrade(plan):
    {up}

def downgrade(plan):
    {down}
'''


class LaterRevisions:
    """A folder whose revisions follow those of a tree."""

    def __init__(self, folder: Path, tree: Tree) -> None:
        self.folder, self.tree = folder, tree
        folder.mkdir(exist_ok=True)

    def add(self, *up: str, down: Sequence[str] = (), requires: str | None = None) -> str:
        """Add a revision of these lines of Python; return its name."""
        name = f"{self.tree}_{(number_of(self.tree, chain(self.tree, self.folder)[-1].name) or 0) + 1:04d}"
        text = _FILE.format(
            requires=f'requires = "{requires}"' if requires else "", up="\n    ".join(up), down="\n    ".join(down or ["pass"])
        )
        (self.folder / f"{name[-4:]}_later.py").write_text(text)
        return name

    def add_statements(self, *statements: str, requires: str | None = None) -> str:
        """Add a revision of plain statements."""
        return self.add(*(f"plan.execute({statement!r})" for statement in statements), requires=requires)
