"""Small rules that several areas apply to what callers send."""

from collections.abc import Mapping

from domain.shared.errors import Invalid

Metadata = Mapping[str, str]


def bounded_text(value: str, *, param: str, longest: int, shortest: int = 1) -> str:
    """Return `value` without outer white space; its length must lie within the bounds (in characters)."""
    text = value.strip()
    if "\x00" in text:
        raise Invalid(f"'{param}' must not contain the character U+0000.", param=param)
    if not shortest <= len(text) <= longest:
        raise Invalid(f"'{param}' must have {shortest} to {longest} characters.", param=param)
    return text


def bounded_metadata(value: Metadata) -> Metadata:
    """Return `value` when it has at most 16 pairs, keys of 1–64 and values of at most 512 characters."""
    if len(value) > 16:
        raise Invalid("'metadata' may have at most 16 pairs.", param="metadata")
    for key, text in value.items():
        if not 1 <= len(key) <= 64 or len(text) > 512 or "\x00" in key + text:
            raise Invalid("'metadata' keys have 1 to 64 characters, values at most 512.", param="metadata")
    return dict(value)
