"""Looking whether a request is signed as AWS wants it (Signature Version 4)."""

import hmac
import re
from hashlib import sha256
from urllib.parse import quote

from aiohttp import web

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>(?P<day>\d{8})/us-east-1/cloudfront/aws4_request), "
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def signer(request: web.Request) -> str | None:
    """Return the identifier of the key that the request says it is signed with."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    return found["id"] if found else None


async def is_signed_with(request: web.Request, secret: str) -> bool:
    """Whether the signature is that of this request and this secret."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    at = request.headers.get("x-amz-date", "")
    if found is None or not at.startswith(found["day"]) or "host" not in found["headers"].split(";"):
        return False
    canonical = await _canonical(request, found["headers"])
    text = "\n".join(("AWS4-HMAC-SHA256", at, found["scope"], sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for word in found["scope"].split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), found["signature"])


async def _canonical(request: web.Request, names: str) -> str:
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names.split(";"))
    body = sha256(await request.read()).hexdigest()
    return "\n".join((request.method, quote(request.raw_path, safe="/~"), "", headers, names, body))
