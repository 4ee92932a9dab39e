"""The shape of the code that tools alone do not see."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"


def declared_ports() -> Iterator[type]:
    """Yield each protocol of src/application/ports."""
    for file in sorted((SRC / "application" / "ports").glob("*.py")):
        module = importlib.import_module(f"application.ports.{file.stem}")
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__ and getattr(found, "_is_protocol", False):
                yield found


PORTS = tuple(declared_ports())
every_port = pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)


def members(port: type) -> dict[str, object]:
    """Return the methods and properties that the port asks of an adapter."""
    found = {name: member for name, member in vars(port).items() if not name.startswith("_")}
    return {name: member for name, member in found.items() if callable(member) or isinstance(member, property)}


def test_the_source_is_four_packages_and_nothing_else() -> None:
    assert sorted(item.name for item in SRC.iterdir() if item.name != "__pycache__") == [
        "adapters", "application", "domain", "entrypoints"
    ]


@every_port
def test_every_member_of_a_port_is_abstract_and_told_so_that_no_adapter_can_leave_one_out(port: type) -> None:
    assert {name for name in members(port) if name not in port.__abstractmethods__} == set()  # type: ignore[attr-defined]
    assert [name for name, member in members(port).items() if not member.__doc__] == []
    assert port.__doc__


@every_port
def test_a_port_has_at_most_six_methods(port: type) -> None:
    assert len(members(port)) <= 6


def test_there_are_ports_to_look_at() -> None:
    assert {"Clock", "ChatModel", "Shards", "RunLog"} <= {port.__name__ for port in PORTS}
