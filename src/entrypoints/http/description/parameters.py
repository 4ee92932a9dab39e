"""What the document tells of parameters beyond their types."""

from collections.abc import Mapping
from typing import Any, Final

from domain.shared.identifiers import pattern_of

_PREFIXES: Final = {
    "session_id": "session", "conversation_id": "session", "run_id": "run", "response_id": "run", "item_id": "message",
    "key_id": "key", "user_id": "user", "sign_in_id": "signin",
}
_BOUNDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "limit": {"minimum": 1, "maximum": 100},
    "after": {"minimum": 0, "maximum": 2**31 - 1},
    "starting_after": {"minimum": -(2**63), "maximum": 2**63 - 1},
}


def described(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return the parameter with its bounds; where it is a text, the word null is one too."""
    schema = _without_null(parameter["schema"])
    name = parameter["name"]
    if parameter["in"] == "path" and name in _PREFIXES:
        schema = {**schema, "pattern": pattern_of(_PREFIXES[name])}
    elif parameter["in"] == "query":
        schema = {**schema, **(_BOUNDS.get(name, {}) if schema.get("type") != "string" else {})}
    return {**parameter, "schema": schema}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    rest = [one for one in schema.get("oneOf", ()) if one.get("type") != "null"]
    if len(rest) != 1 or rest[0].get("type") != "string":
        return schema
    return {**{key: value for key, value in schema.items() if key != "oneOf"}, **rest[0]}
