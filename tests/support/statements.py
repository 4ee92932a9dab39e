"""Every statement that the Postgres adapters hold, found by looking: a new one needs no list to be entered in."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import adapters.postgres
from adapters.postgres.statement import Statement


def all_statements() -> list[Statement]:
    """Return those of all modules, each once."""
    modules = walk_packages(adapters.postgres.__path__, "adapters.postgres.")
    return statements_of(*(value for one in modules if not one.ispkg for value in vars(import_module(one.name)).values()))


def statements_of(*values: Any) -> list[Statement]:
    """Return each statement that the values hold once, in the order of their names."""
    found = {id(statement): statement for value in values for statement in _within(value, set())}
    return sorted(found.values(), key=lambda statement: statement.name)


def _within(value: Any, seen: set[int]) -> Iterator[Statement]:
    """Yield the statements of a module's value: itself, what its collections hold, what its own objects hold."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Statement):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _within(inner, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _within(inner, seen)
    elif type(value).__module__.startswith("adapters.postgres.") and hasattr(value, "__dict__"):
        yield from _within(vars(value), seen)
