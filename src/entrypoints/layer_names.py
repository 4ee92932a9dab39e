"""What ONELAST_CACHE_LAYERS may name, and whose options the variables ONELAST_CACHE_<LAYER>_<OPTION> are."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Final

GROUP: Final = "onelast.caches"
OURS: Final = ("process", "redis")
_NAME: Final = "ONELAST_CACHE_LAYERS"


def read_layers(items: Sequence[str]) -> Sequence[str]:
    """Return the layers from the top down, none for `none`; ValueError says in one sentence what is wrong."""
    if list(items) == ["none"]:
        return ()
    if not items:
        raise ValueError(f"{_NAME} names no layer; write `none` to do without a cache.")
    if "none" in items:
        raise ValueError(f"{_NAME} names `none` and layers; it can be only one of the two.")
    twice = next((name for name in items if items.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{_NAME} names {twice!r} twice.")
    if "redis" in items[:-1]:
        raise ValueError(f"{_NAME} names a layer after 'redis', below which there can be none: it must be the last.")
    _require_known(items)
    return items


def options_of(layer: str, options: Mapping[str, str]) -> dict[str, str]:
    """Return the layer's own options by their names in lower case, without the layer's."""
    prefix = _prefix(layer)
    return {name.removeprefix(prefix): value for name, value in options.items() if name.startswith(prefix)}


def require_owned(options: Iterable[str], layers: Sequence[str]) -> None:
    """Return if each option is one of a layer in use; ValueError names the first that is not. Ours have none."""
    prefixes = tuple(_prefix(layer) for layer in layers if layer not in OURS)
    for option in options:
        if not option.startswith(prefixes):
            raise ValueError(f"ONELAST_CACHE_{option.upper()} is not a setting, nor an option of a layer that {_NAME} names.")


def _require_known(items: Sequence[str]) -> None:
    others = [name for name in items if name not in OURS]
    if others:
        offered = entry_points(group=GROUP).names
        unknown = next((name for name in others if name not in offered), None)
        if unknown is not None:
            raise ValueError(f"{_NAME} names {unknown!r}, which is none of {', '.join(sorted({*OURS, *offered}))} and none.")


def _prefix(layer: str) -> str:
    return layer.replace("-", "_").lower() + "_"
