"""Texts and numbers with the bounds that the domain puts on them, for the OpenAPI document.

The document tells the bounds; it is the domain that refuses what breaks them, in its own words.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta

from domain.agents.agent import PERSONA_LONGEST, SLUG_PATTERN
from domain.sessions.message import TEXT_LONGEST
from domain.users.scopes import ALL
from domain.users.user import EMAIL_PATTERN

# White space around a text is taken off before it is measured, and U+0000 can be stored by nobody.
_SAID: Final = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
_NO_NUL: Final = r"^[^\u0000]*$"
_METADATA: Final[Mapping[str, Any]] = {
    "maxProperties": 16, "propertyNames": {"minLength": 1, "maxLength": 64, "pattern": _NO_NUL}
}
_TEXT_ITEM: Final = {"type": "string", "pattern": _SAID, "minLength": 1, "maxLength": TEXT_LONGEST}
_PART: Final[Mapping[str, Any]] = {
    "type": "object", "required": ["type", "text"], "additionalProperties": False,
    "properties": {"type": {"enum": ["input_text", "output_text", "text"]}, "text": _TEXT_ITEM},
}
_ITEM: Final[Mapping[str, Any]] = {
    "required": ["role", "content"], "additionalProperties": False,
    "properties": {
        "type": {"const": "message"}, "role": {"enum": ["user", "assistant", "system", "developer"]},
        "content": {"anyOf": [_TEXT_ITEM, {"type": "array", "minItems": 1, "maxItems": 64, "items": _PART}]},
        "id": {}, "status": {},
    },
}
_TURN: Final = {**_ITEM, "properties": {**_ITEM["properties"], "role": {"enum": ["user", "assistant"]}}}


def _told(**schema: Any) -> Meta:
    return Meta(extra_json_schema=schema)


Email = Annotated[str, _told(pattern=f"^{EMAIL_PATTERN}$", maxLength=254)]
Password = Annotated[str, _told(minLength=8, maxLength=256)]
Name = Annotated[str, _told(pattern=_SAID, minLength=1, maxLength=100)]
Slug = Annotated[str, _told(pattern=f"^{SLUG_PATTERN}$", minLength=2, maxLength=64)]
Description = Annotated[str, _told(pattern=_NO_NUL, maxLength=1_000)]
Persona = Annotated[str, _told(pattern=_SAID, minLength=1, maxLength=PERSONA_LONGEST)]
ModelName = Annotated[str, _told(pattern=_SAID, minLength=1, maxLength=200)]
Title = Annotated[str, _told(pattern=_SAID, minLength=1, maxLength=200)]
OwnName = Annotated[str, _told(pattern=_SAID, minLength=1, maxLength=255, description="What the client calls it.")]
Text = Annotated[str, _told(pattern=_SAID, minLength=1, maxLength=TEXT_LONGEST)]
Pairs = Annotated[Mapping[str, Annotated[str, _told(maxLength=512, pattern=_NO_NUL)]], _told(**_METADATA)]
ScopeName = Annotated[str, _told(enum=list(ALL))]
Temperature = Annotated[float, _told(minimum=0, maximum=2)]
TopP = Annotated[float, _told(exclusiveMinimum=0, maximum=1)]
ReplyTokens = Annotated[int, _told(minimum=1, maximum=131_072)]
OwnLimit = Annotated[int, _told(minimum=1, maximum=10**15)]
Dollars = Annotated[str, _told(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$")]
DollarAmount = Annotated[float, _told(minimum=0, maximum=1_000_000_000, multipleOf=0.01)]
# A message as an item of OpenAI's: what stands in it beside these is refused by name.
Item = Annotated[Mapping[str, Any], _told(**_ITEM)]
Turn = Annotated[Mapping[str, Any], _told(**_TURN)]
OwnPath = Annotated[str, _told(pattern=r"^/([A-Za-z0-9_~-][A-Za-z0-9_.~/-]{0,200})?$")]
