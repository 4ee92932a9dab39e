"""What packages offer by entry points, chosen by name in the settings."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from entrypoints.settings import SettingsError


def open_offered(group: str, variable: str, name: str, options: Mapping[str, str], *, more: str = "more packages") -> Any:
    """Return what is offered under the name, made with its options; SettingsError. Nothing is connected yet.

    `variable` is the setting that names it; `more` tells what has to be installed where the adapter cannot be loaded.
    """
    offered = entry_points(group=group)
    if name not in offered.names:
        raise SettingsError(f"{variable} is {name}, which is none of {', '.join(sorted(offered.names))}.")
    try:
        opener = offered[name].load()
    except ImportError as error:
        raise SettingsError(f"{variable} is {name}, which needs {more}.") from error
    try:
        return opener(options)
    except ValueError as problem:
        raise SettingsError(str(problem)) from problem
