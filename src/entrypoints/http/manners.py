"""What every answer tells browsers: how little they may do with it, and which pages of other origins may read it.

All of it is encoded beforehand, for it goes with each answer (OWASP REST Security Cheat Sheet; Fetch standard, section 3.3).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

Header = tuple[bytes, bytes]
POLICY: Final = b"content-security-policy"
_ALWAYS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-site"),
)
# An answer of the API is no page: whatever would be loaded by it or run in it is not.
_API_POLICY: Final = (POLICY, b"default-src 'none'; frame-ancestors 'none'")
_OVER_TLS: Final = (*_ALWAYS, (b"strict-transport-security", b"max-age=31536000"))
_VARY: Final = (b"vary", b"Origin")
_EXPOSED: Final = (
    "etag", "idempotency-replayed", "location", "retry-after", "x-position", "x-request-id", "x-should-retry",
    *(f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")),
)
_METHODS: Final = (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE")
_KEPT: Final = (b"access-control-max-age", b"600")
_HEADER_NAMES: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")


class Manners:
    """`origins` are those whose pages may read answers, with their users' cookies; none by default."""

    def __init__(self, origins: Sequence[str] = ()) -> None:
        self._origins: Mapping[bytes, tuple[Header, ...]] = {origin.encode(): _readable_by(origin) for origin in origins}

    def allows(self, origin: str) -> bool:
        """Tell whether pages of this origin may send requests with their users' cookies."""
        return origin.encode() in self._origins

    def headers(self, scope: Any, sent: Sequence[Header]) -> list[Header]:
        """Return the headers for an answer that has these already."""
        headers = list(_OVER_TLS if scope.get("scheme") == "https" else _ALWAYS)
        if not any(name == POLICY for name, _ in sent):
            headers.append(_API_POLICY)
        if self._origins:
            headers += self._origins.get(_value(scope, b"origin"), (_VARY,))
        return headers

    def preflight(self, scope: Any) -> list[Header] | None:
        """Return the head of the answer to an allowed origin's question, whether it may send a request; None to all else."""
        if scope["method"] != "OPTIONS" or _value(scope, b"origin") not in self._origins:
            return None
        if not _value(scope, b"access-control-request-method"):
            return None
        names = _value(scope, b"access-control-request-headers").strip()
        allowed = [(b"access-control-allow-headers", names)] if _HEADER_NAMES.fullmatch(names) else []
        return [_METHODS, _KEPT, *allowed]


def _readable_by(origin: str) -> tuple[Header, ...]:
    return (
        _VARY, (b"access-control-allow-origin", origin.encode()), (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", ", ".join(_EXPOSED).encode()),
    )


def _value(scope: Any, name: bytes) -> bytes:
    return next((value for header, value in scope["headers"] if header == name), b"")
