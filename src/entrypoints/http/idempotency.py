"""The header `Idempotency-Key`: what a request is known by when it comes again."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation

from application.idempotency import Once
from application.refuse_reused_key import RefuseReusedKey, RefuseReusedKeyCommand, Store
from domain.shared.rules import bounded_text
from entrypoints.http.access import SignedIn, UseCase, secret_of

HEADER: Final = "Idempotency-Key"
_KEY_LONGEST: Final = 255
KeyHeader = Annotated[
    str | None,
    HeaderParameter(
        name=HEADER, schema_extra={"minLength": 1, "maxLength": _KEY_LONGEST},
        description="Makes the request safe to repeat for 24 hours: it is carried out once and answered the same again.",
    ),
]
KeyedOnce = NamedDependency[SkipValidation[Once | None]]


def once_in(home: Store) -> Callable[..., Awaitable[Once | None]]:
    """Return the dependency for signed-in callers' writes; `home` is the store in which their use cases look for the key."""

    async def once(
        request: SignedIn, refuse_reused_key: UseCase[RefuseReusedKey], idempotency_key: KeyHeader = None
    ) -> Once | None:
        if idempotency_key is None:
            return None
        known = once_for(request, idempotency_key, told=await request.body(), secret=secret_of(request))
        await refuse_reused_key.execute(RefuseReusedKeyCommand(request.auth.user_id, known, home))
        return known

    return once


def once_for(request: Request[Any, Any, Any], key: str, *, told: bytes, secret: str | None = None) -> Once:
    """Return what a request with this key is known by; the envelope marks the answer to a repetition.

    `told` is its body, without a password if there is one: a quick hash of a password must not be stored.
    """
    checked = bounded_text(key, param=HEADER, longest=_KEY_LONGEST)
    seed = b"" if secret is None else hmac.digest(secret.encode(), checked.encode(), "sha256")
    once = request.scope["state"]["once"] = Once(checked, _fingerprint(request, told), seed)
    return once


def _fingerprint(request: Request[Any, Any, Any], told: bytes) -> bytes:
    scope = request.scope
    line = f"{scope['method']} {scope['path']}".encode() + b"?" + scope["query_string"] + b"\n"
    return hashlib.sha256(line + told).digest()
