"""Where a request comes from."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Origin:
    """The network address, and what the device calls itself (at most 200 characters); None where it is not known."""

    address: str | None = None
    device: str | None = None


NOWHERE: Final = Origin()
