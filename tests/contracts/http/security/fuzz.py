"""Whatever is sent, the answer is the contract's: an error of the caller's in the envelope, and never one of ours."""

import string
from typing import Any
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests.contracts.http.security.routes import OWNED, Belongings, belongings_of, bodies
from tests.support.api import Api, Caller, error_of

quick = settings(
    max_examples=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
TEXTS = st.text(max_size=60) | st.text(string.printable, max_size=60)
NAMES = ("x-position", "last-event-id", "if-none-match", "prefer", "accept-encoding", "cookie", "host")
# Texts that are nearly what they should be.
MARRED = st.tuples(st.integers(0, 80), st.characters(), st.sampled_from(["put", "cut", "drop", "twice"]))
HEADERS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=300)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8
)


def marred(text: str, change: tuple[int, str, str]) -> str:
    """Return the text with one thing wrong."""
    place, character, how = change
    place %= len(text) + 1
    after = {"put": character + text[place + 1 :], "cut": "", "drop": text[place + 1 :], "twice": text[place:] * 2}[how]
    return text[:place] + after


def one_line(value: bytes) -> bytes:
    """Return what a header can be sent with."""
    return value.replace(b"\n", b"").replace(b"\r", b"")


def checked(answer: Any, *statuses: int) -> None:
    """Look that it is no error of ours, and that an error is in the envelope."""
    if answer.status_code >= 400:
        error_of(answer, answer.status_code)
    assert answer.status_code in statuses or answer.status_code < 400, answer.text


@pytest.fixture
async def somebody(api: Api) -> Caller:
    return await api.sign_up()


@pytest.fixture
async def mine(api: Api, somebody: Caller) -> Belongings:
    return await belongings_of(api, somebody)


class FuzzSuite:
    @quick
    @given(TEXTS, MARRED, st.sampled_from(sorted(one for one in OWNED if one[0] == "GET" and "events" not in one[1])))
    async def test_identifiers_that_are_none_name_nothing(
        self, somebody: Caller, mine: Belongings, text: str, change: Any, operation: tuple[str, str]
    ) -> None:
        _, template = operation
        for name in [one for one in mine.names if f"{{{one}}}" in template]:
            for wrong in (text, marred(mine.names[name], change)):
                path = template.format(**(mine.names | {name: quote(wrong, safe="")}))
                checked(await somebody.get(path), 400, 404, 405, 422)

    @quick
    @given(TEXTS, MARRED, st.sampled_from(["after", "before", "limit", "order", "archived", "from", "to"]))
    async def test_queries_that_cannot_be_read_are_refused(
        self, somebody: Caller, mine: Belongings, text: str, change: Any, name: str
    ) -> None:
        for value in (text, marred(mine.names["session_id"], change)):
            messages = f"/v1/sessions/{mine.names['session_id']}/messages"
            for path in ("/v1/sessions", messages, "/v1/agents", "/v1/usage", "/v1/users/me/audit-log"):
                checked(await somebody.get(path, params={name: value}), 400, 422)

    @quick
    @given(HEADERS, MARRED, st.sampled_from(NAMES))
    async def test_headers_may_hold_anything(self, somebody: Caller, mine: Belongings, text: str, change: Any, name: str) -> None:
        position = (await somebody.request("PATCH", "/v1/users/me", json={"name": "Somebody"})).headers.get("x-position", "0:1")
        wrong = marred(position, change).encode("latin-1", "replace")
        for value in (text.strip().encode("latin-1"), wrong.strip()):
            for path in (f"/v1/runs/{mine.names['run_id']}/events", f"/v1/sessions/{mine.names['session_id']}", "/v1/agents"):
                sent = [(b"authorization", f"Bearer {somebody.token}".encode()), (name.encode(), one_line(value))]
                checked(await somebody.http.request("GET", path, headers=sent), 400, 422)

    @quick
    @given(HEADERS, MARRED)
    async def test_secrets_that_are_nearly_right_open_nothing(self, somebody: Caller, text: str, change: Any) -> None:
        wrong = marred(somebody.token, change)
        for secret in (text, wrong, f"olak_{text}"):
            if secret.strip() == somebody.token:
                continue
            value = one_line(f"Bearer {secret}".encode("latin-1", "replace").strip())
            answer = await somebody.http.request("GET", "/v1/sessions", headers=[(b"authorization", value)])
            if value != f"Bearer {somebody.token}".encode():
                error_of(answer, 401)

    @quick
    @given(TEXTS, MARRED)
    async def test_links_that_are_nearly_right_show_nothing(
        self, api: Api, somebody: Caller, mine: Belongings, text: str, change: Any
    ) -> None:
        token = (await somebody.get(f"/v1/sessions/{mine.names['session_id']}/share")).json()["token"]
        for wrong in (text, marred(token, change)):
            path = quote(wrong, safe="")
            if wrong != token and path not in ("", ".", ".."):
                checked(await api.http.get(f"/v1/shared/{path}"), 404, 405)

    @quick
    @given(HEADERS)
    async def test_idempotency_keys_may_hold_anything(self, somebody: Caller, key: str) -> None:
        value = key.strip().encode("latin-1")
        headers = [
            (b"authorization", f"Bearer {somebody.token}".encode()), (b"idempotency-key", value),
            (b"content-type", b"application/json"),
        ]
        checked(await somebody.http.request("PATCH", "/v1/users/me", content=b'{"name": "A"}', headers=headers), 409, 422)

    @quick
    @given(st.data())
    async def test_bodies_may_hold_anything(self, somebody: Caller, mine: Belongings, data: st.DataObject) -> None:
        known = {one: body for one, body in bodies(mine).items() if "/auth/" not in one[1] and one[1] != "/v1/users"}
        method, template = data.draw(st.sampled_from(sorted(known)))
        body = dict(known[method, template])
        name = data.draw(st.sampled_from([*sorted(body), "metadata", "stream", "title", "sampling"]))
        body[name] = data.draw(VALUES)
        checked(await somebody.request(method, mine.path(template), json=_spellable(body)), 400, 404, 409, 422, 429)


def _spellable(value: Any) -> Any:
    """Return the value without what JSON has no word for."""
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, dict):
        return {_spellable(name): _spellable(one) for name, one in value.items()}
    return [_spellable(one) for one in value] if isinstance(value, list) else value
