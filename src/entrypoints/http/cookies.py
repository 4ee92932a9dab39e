"""Browsers' sign-in: an HttpOnly cookie with the access token, and a readable one whose value pages repeat in a header."""

import hashlib
from typing import Any, Final

from litestar import Request
from litestar.datastructures import Cookie

SESSION_COOKIE: Final = "ola_session"
CSRF_COOKIE: Final = "ola_csrf"
CSRF_HEADER: Final = "x-csrf-token"
# A secret beside what the caller sent is compressed by nobody: the length would tell about it (BREACH).
SECRET_ANSWER: Final = {"cache-control": "private, no-store, no-transform"}


def csrf_token(secret: str) -> str:
    """Return the CSRF token that belongs to an access token, so that a cookie planted by another site does not pass."""
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()


def over_tls(request: Request[Any, Any, Any]) -> bool:
    """Return whether browsers come over TLS: this one does, or ONELAST_PUBLIC_URL says that all do, to a proxy in front."""
    return request.url.scheme == "https" or (request.app.state.public_url or "").startswith("https:")


def sign_in_cookies(request: Request[Any, Any, Any], secret: str, lifetime: int) -> list[Cookie]:
    """Return the pair of cookies for an access token that is good for `lifetime` seconds; over TLS they are Secure."""
    secure = over_tls(request)
    return [
        Cookie(SESSION_COOKIE, path="/", value=secret, max_age=lifetime, httponly=True, secure=secure, samesite="lax"),
        Cookie(CSRF_COOKIE, path="/", value=csrf_token(secret), max_age=lifetime, secure=secure, samesite="lax"),
    ]


def sign_out_cookies(request: Request[Any, Any, Any]) -> list[Cookie]:
    """Return the pair of cookies that make a browser forget both."""
    secure = over_tls(request)
    return [
        Cookie(SESSION_COOKIE, path="/", value="", max_age=0, httponly=True, secure=secure, samesite="lax"),
        Cookie(CSRF_COOKIE, path="/", value="", max_age=0, secure=secure, samesite="lax"),
    ]
