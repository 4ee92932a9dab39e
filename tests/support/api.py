"""Speaking HTTP to the application as its users do."""

import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def new_email() -> str:
    """Return an address that no other test uses."""
    return f"person-{next(_numbers)}@example.com"


def events_of(text: str) -> list[dict[str, Any]]:
    """Return the data of each event of a stream, having looked that its lines agree with each other."""
    events = []
    for frame in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines() if line and not line.startswith(":"))
        if lines:
            event = json.loads(lines["data"])
            assert (str(event["seq"]), event["type"]) == (lines["id"], lines["event"])
            events.append(event)
    return events


def frames_of(text: str) -> list[dict[str, Any]]:
    """Return the data of each event of a stream that numbers them in the data alone."""
    return [json.loads(frame.partition("data: ")[2]) for frame in text.split("\n\n") if "data: {" in frame]


def text_of(events: list[dict[str, Any]]) -> str:
    """Return the reply that a client shows: the pieces, from the last replacement on."""
    text = ""
    for event in events:
        if event["type"] == "message.delta":
            text += event["text"]
        elif event["type"] == "attempt" and not event["keep"]:
            text = ""
    return text


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the error's body, having looked at its envelope."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"type", "code", "message", "param", "request_id"}
    assert error["request_id"] == answer.headers["x-request-id"]
    return error


class Caller:
    """A signed-in user's client."""

    def __init__(self, http: httpx.AsyncClient, signed_up: dict[str, Any], email: str) -> None:
        self.http, self.email, self.signed_up = http, email, signed_up
        self.user: dict[str, Any] = signed_up["user"]
        self.token: str = signed_up["access_token"]

    async def request(self, method: str, path: str, **named: Any) -> httpx.Response:
        """Return the answer to a request with the caller's token."""
        headers = {"authorization": f"Bearer {self.token}"} | named.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **named)

    async def get(self, path: str, **named: Any) -> httpx.Response:
        """GET."""
        return await self.request("GET", path, **named)

    async def post(self, path: str, body: Any = None, **named: Any) -> httpx.Response:
        """POST a JSON body."""
        return await self.request("POST", path, json=body, **named)

    async def session(self, agent: str = "einstein") -> str:
        """Return the identifier of a new session."""
        answer = await self.post("/v1/sessions", {"agent_id": agent})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def say(self, session: str, text: str = "Hello!", **fields: Any) -> httpx.Response:
        """Return the answer to a message."""
        return await self.post(f"/v1/sessions/{session}/messages", {"content": text, **fields})

    async def begin(self, session: str, text: str = "Hello!", **fields: Any) -> str:
        """Return the identifier of the run of a message that nobody waits for."""
        body = {"content": text, **fields}
        answer = await self.post(f"/v1/sessions/{session}/messages", body, headers={"prefer": "respond-async"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run"]["id"])

    async def events(self, run: str, **named: Any) -> list[dict[str, Any]]:
        """Return a run's events, from the start by default, to the end."""
        answer = await self.get(f"/v1/runs/{run}/events", **named)
        assert answer.status_code == 200, answer.text
        return events_of(answer.text)

    async def messages(self, session: str) -> list[dict[str, Any]]:
        """Return what was said, oldest first."""
        answer = await self.get(f"/v1/sessions/{session}/messages", params={"order": "asc", "limit": 100})
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    async def agent(self, model: str) -> str:
        """Return the slug of a new agent of the caller's with this model."""
        slug = f"agent-{next(_numbers)}"
        body = {"slug": slug, "name": "Test", "persona": "You are a test.", "model": model}
        answer = await self.post("/v1/agents", body)
        assert answer.status_code == 201, answer.text
        return slug


# Gives a user the role of administrators, as an operator does by `onelast users set-role`.
Promote = Callable[[Caller], Awaitable[None]]


class Api:
    """The application as strangers see it, and where it runs in this process its operator too."""

    def __init__(self, http: httpx.AsyncClient, promote: Promote | None = None) -> None:
        self.http = http
        self._promote = promote

    async def promote(self, caller: Caller) -> None:
        """Make somebody an administrator."""
        assert self._promote is not None
        await self._promote(caller)

    async def sign_up(self) -> Caller:
        """Return a new user's client."""
        email = new_email()
        answer = await self.http.post("/v1/users", json={"email": email, "password": PASSWORD, "name": "Somebody"})
        assert answer.status_code == 201, answer.text
        self.http.cookies.clear()
        return Caller(self.http, answer.json(), email)
