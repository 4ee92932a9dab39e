"""What an identifier says of itself, for tests."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def millis_of(identifier: str) -> int:
    """Return the Unix milliseconds at which a well-formed identifier was made."""
    value = 0
    for character in identifier[-26:][:10]:
        value = value << 5 | _ALPHABET.index(character)
    return value
