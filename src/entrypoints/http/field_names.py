"""Fields have other names in the dialects, and what is wrong with one is told under the name that the client knows."""

from collections.abc import Iterator
from contextlib import contextmanager

from domain.shared.errors import Invalid


@contextmanager
def field_names(**names: str) -> Iterator[None]:
    """Have Invalid name a field of ours, as `content="input"`, as it is called there."""
    try:
        yield
    except Invalid as refusal:
        name = names.get(refusal.param or "")
        if name is not None:
            refusal.message = refusal.message.replace(f"'{refusal.param}'", f"'{name}'")
            refusal.param = name
        raise
