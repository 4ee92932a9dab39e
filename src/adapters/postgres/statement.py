"""Statements of SQLAlchemy Core, compiled once and run on asyncpg: the bridge between the two.

Running the text on asyncpg's own pool costs a quarter of what the engine costs (docs/adr/0003-statements-compiled-once.md).
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.expression import ClauseElement

_DIALECT: Final = asyncpg.dialect()  # type: ignore[no-untyped-call]
_PLACE: Final = re.compile(r"\$(\d+)")


class Statement:
    """The text and the order of its parameters; values are given by name, literals of the expression are kept.

    `name` ("sessions.add") is what measurements and logs call it; it stands in the text, so that the server tells it too.
    """

    def __init__(self, expression: ClauseElement, name: str) -> None:
        compiled: Any = expression.compile(dialect=_DIALECT)
        self.name = name
        self._body: str = compiled.string
        self.text = _named(self._body, name)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._literals = {name: value for name, value in compiled.params.items() if value is not None}

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the positional arguments; KeyError names one that is missing."""
        literals = self._literals
        return [values[name] if name in values else literals[name] for name in self._names]

    def moved(self, offset: int) -> tuple[str, int]:
        """Return the text with its places counted from `offset`, and the offset of what follows."""
        return _PLACE.sub(lambda place: f"${int(place[1]) + offset}", self._body), offset + len(self._names)


class Change(NamedTuple):
    """A writing statement with its values; an `exact` one must touch one row (and has RETURNING), or nothing is written."""

    statement: Statement
    values: Mapping[str, Any]
    exact: bool = False


def as_one(changes: Sequence[Change], schema: str) -> tuple[str, str, list[Any]]:
    """Return one statement that makes all the changes or none: its name (those of its parts), its text and its arguments."""
    name, text = _combined(tuple((change.statement, change.exact) for change in changes), schema)
    return name, text, [argument for change in changes for argument in change.statement.arguments(change.values)]


@lru_cache(maxsize=512)
def _combined(parts: tuple[tuple[Statement, bool], ...], schema: str) -> tuple[str, str]:
    name = "+".join(dict.fromkeys(statement.name for statement, _ in parts))
    offset, steps = 0, []
    for number, (statement, _) in enumerate(parts):
        text, offset = statement.moved(offset)
        steps.append(f"c{number} AS ({text})")
    counts = [f"(SELECT count(*) FROM c{number})" for number, (_, exact) in enumerate(parts) if exact]  # noqa: S608  (a number)
    verdict = f"{schema}.require_rows({' + '.join(counts)}, {len(counts)})" if counts else "true"
    return name, _named(f"WITH {', '.join(steps)} SELECT {verdict}", name)


def _named(text: str, name: str) -> str:
    """Return the text with its name in a comment: pg_stat_statements drops one that stands before the first word."""
    word, rest = text.split(maxsplit=1)
    return f"{word} /* {name} */ {rest}"
