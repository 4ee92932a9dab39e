"""TypeIDs over UUIDv8: a prefix, then 26 characters of base32 that sort by time and carry a bucket.

Layout of the 128 bits: 48 of Unix milliseconds, 4 of version (8), 12 of bucket, 2 of variant, 62 random.
Text form and alphabet: the TypeID specification, version 0.3 (Crockford's base32, lower case).
"""

import re
from typing import Final, NewType

from domain.shared.errors import Invalid

UserId = NewType("UserId", str)
AgentId = NewType("AgentId", str)
SessionId = NewType("SessionId", str)
MessageId = NewType("MessageId", str)
RunId = NewType("RunId", str)
ShareId = NewType("ShareId", str)
ApiKeyId = NewType("ApiKeyId", str)
SignInId = NewType("SignInId", str)
AuditEntryId = NewType("AuditEntryId", str)
EventId = NewType("EventId", str)
NodeId = NewType("NodeId", str)

BUCKETS: Final = 4096
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_PAIRS: Final = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_PAIR_VALUES: Final = {pair: value for value, pair in enumerate(_PAIRS)}
_LENGTH: Final = 26
_ANY: Final = f"[{_ALPHABET}]"
# The eleventh character holds the version, the fourteenth the variant.
_TAIL: Final = re.compile(f"[0-7]{_ANY}{{9}}[gh]{_ANY}{{2}}[89abrstv]{_ANY}{{12}}")
_VERSION: Final = 8 << 12
_VARIANT: Final = 2 << 2
_LOW: Final = (1 << 60) - 1


class MalformedIdentifier(Invalid):
    """The text is no identifier of the wanted kind."""

    code = "malformed_identifier"


def make_identifier(prefix: str, *, millis: int, bucket: int, entropy: int) -> str:
    """Return `prefix_<26 characters>`; `millis` is Unix time, `bucket` below 4,096, `entropy` any integer (62 bits count)."""
    # In halves of 70 and 60 bits and without a loop: one number of 130 bits took half as long again.
    high = (millis << 16 | _VERSION | bucket) << 4 | _VARIANT | entropy >> 60 & 3
    low, pairs = entropy & _LOW, _PAIRS
    return prefix + "_" + "".join([
        pairs[high >> 60], pairs[high >> 50 & 1023], pairs[high >> 40 & 1023], pairs[high >> 30 & 1023],
        pairs[high >> 20 & 1023], pairs[high >> 10 & 1023], pairs[high & 1023],
        pairs[low >> 50], pairs[low >> 40 & 1023], pairs[low >> 30 & 1023],
        pairs[low >> 20 & 1023], pairs[low >> 10 & 1023], pairs[low & 1023],
    ])


def parse_identifier(prefix: str, text: str, *, param: str) -> str:
    """Return `text` when it is an identifier with this prefix, else raise MalformedIdentifier naming `param`."""
    head, _, tail = text.rpartition("_")
    if head != prefix or _TAIL.fullmatch(tail) is None:
        raise MalformedIdentifier(f"'{param}' is not an identifier of the form {prefix}_….", param=param)
    return text


def pattern_of(prefix: str) -> str:
    """Return the regular expression, in the dialect of JSON Schema, of the identifiers with this prefix."""
    return f"^{prefix}_{_TAIL.pattern}$"


def bucket_of(identifier: str) -> int:
    """Return the bucket (0 to 4,095) that a well-formed identifier carries."""
    first, second = identifier[-_LENGTH + 10 : -_LENGTH + 12], identifier[-_LENGTH + 12 : -_LENGTH + 14]
    return (_PAIR_VALUES[first] << 6 | _PAIR_VALUES[second] >> 4) & (BUCKETS - 1)


def millis_of(identifier: str) -> int:
    """Return when a well-formed identifier was made, in milliseconds of Unix time."""
    return _value(identifier[-_LENGTH : -_LENGTH + 10])


def _value(characters: str) -> int:
    value = 0
    for character in characters:
        value = value << 5 | _VALUES[character]
    return value


def reply_of(run_id: RunId) -> MessageId:
    """Return the identifier of the reply that a run makes: it is known from the first word on, before the reply is stored."""
    return MessageId(f"message_{run_id[-_LENGTH:]}")
