"""What is stored beside a key: nothing secret, and nothing that somebody said."""

import hashlib

from tests.contracts.http.writes import WRITES, Request, log_in, sign_up
from tests.support.api import PASSWORD, Api
from tests.support.memory import Memory


async def test_no_secret_and_no_message_is_remembered(api: Api, memory: Memory) -> None:
    secrets = [PASSWORD, "Hello!"]
    for write in WRITES:
        answer = await (await write.ready(api)).send("looked-at")
        told = answer.json() if answer.content else {}
        secrets += [told[name] for name in ("access_token", "refresh_token", "key") if name in told]
    rows = await memory.remembered("looked-at")
    assert len(rows) >= len(WRITES) - 1  # what erases an account leaves nothing
    assert len(secrets) == 2 + 2 * 3 + 1
    for secret in secrets:
        assert secret not in repr(rows)
        assert repr(hashlib.sha256(secret.encode()).digest()) not in repr([row.request for row in rows])


async def test_a_request_is_known_by_something_in_which_the_password_is_not(api: Api, memory: Memory) -> None:
    request = await sign_up(api)
    seen = set()
    for password in (PASSWORD, PASSWORD + "!"):
        body = request.body | {"password": password}
        made = await Request("POST", "/v1/users", request.caller, body, anonymous=True).send("signs-up")
        (row,) = await memory.remembered("signs-up")
        seen.add(row.request)
        request.caller.token = made.json()["access_token"]
        assert (await request.caller.request("DELETE", "/v1/users/me")).is_success
    assert len(seen) == 1


async def test_signing_in_is_known_by_something_in_which_the_password_is_not(api: Api, memory: Memory) -> None:
    request = await log_in(api)
    seen = set()
    for password in (PASSWORD, PASSWORD + "!"):
        body = request.body | {"password": password}
        assert (await Request("POST", request.path, request.caller, body, anonymous=True).send("in")).is_success
        (row,) = await memory.remembered("in")
        seen.add(row.request)
        assert (await request.caller.request("DELETE", "/v1/users/me")).is_success
        anew = {"email": request.caller.email, "password": PASSWORD + "!", "name": "Ada"}
        request.caller.token = (await api.http.post("/v1/users", json=anew)).json()["access_token"]
        api.http.cookies.clear()
    assert len(seen) == 1
