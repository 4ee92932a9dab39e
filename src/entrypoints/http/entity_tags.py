"""`If-None-Match` (RFC 9110, sections 8.8.3 and 13.1.2)."""

import re
from typing import Final

# One member of the list with the comma after it; a tag may hold commas itself, and members may be empty.
_MEMBER: Final = re.compile(r'[ \t]*(?:(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)')


def is_known(sent: str, tag: str) -> bool:
    """Whether a tag of ours is among those sent, by weak comparison; `*` is any. A list that cannot be read counts as none."""
    if sent == tag:
        return True
    text = sent.strip(" \t")
    return text == "*" or tag.removeprefix("W/")[1:-1] in _opaque_tags(text)


def _opaque_tags(text: str) -> set[str]:
    tags: set[str] = set()
    at = 0
    while at < len(text):
        member = _MEMBER.match(text, at)
        if member is None:
            return set()
        if member[1] is not None:
            tags.add(member[1])
        at = member.end()
    return tags
