"""Keeps the caller signed in, for some operations end the sign-in of who asks, and idempotency keys used once."""

import itertools
import os
from typing import Any

import requests
import schemathesis

from tests.support.api import PASSWORD, new_email

# Each of these ends the sign-in, the password or the account of whoever asks.
ENDING = {
    ("DELETE", "/v1/users/me"), ("POST", "/v1/auth/logout"), ("DELETE", "/v1/auth/sessions"),
    ("DELETE", "/v1/auth/sessions/{sign_in_id}"), ("POST", "/v1/users/me/password"),
}
_numbers = itertools.count(1)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    headers = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key) <= 255:
        headers["Idempotency-Key"] = f"{next(_numbers):012}{key[12:]}"
    if case.query and {"after", "before"} <= case.query.keys():
        del case.query["before"]  # they exclude each other, which a document has no words for
    ending = (case.operation.method.upper(), case.operation.path) in ENDING
    if ending and str(headers.get("Authorization")).startswith("Bearer olt_"):
        headers["Authorization"] = f"Bearer {somebody_new()}"


def somebody_new() -> str:
    body = {"email": f"{os.getpid()}-{new_email()}", "password": PASSWORD, "name": "Somebody"}
    answer = requests.post(f"{os.environ['ONELAST_TEST_URL']}/v1/users", json=body, timeout=10)
    token: str = answer.json()["access_token"]
    return token
