"""Options that the vendors' edges share."""

import re
from collections.abc import Mapping
from typing import Final

from adapters.edge.options import WrongOption, required

_SECRET: Final = re.compile(r"[!-~]{8,1000}")
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?")


def token(options: Mapping[str, str]) -> str:
    """Return the option `token`, which is a header's value; WrongOption never shows it."""
    found = required(options, "token")
    if _SECRET.fullmatch(found) is None:
        raise WrongOption("token", "must be 8 to 1,000 visible ASCII characters")
    return found


def url(options: Mapping[str, str]) -> str | None:
    """Return the option `url`, another address of the vendor's API, without a slash at its end; None if it is not set."""
    found = options.get("url")
    if found is not None and _ADDRESS.fullmatch(found) is None:
        raise WrongOption("url", "must be http(s)://host:port/path of the vendor's API, without credentials")
    return found.rstrip("/") if found else None
