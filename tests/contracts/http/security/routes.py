"""All operations of the application, by kind: whoever adds one says here whose it is, or a test fails.

A path with parameters in braces belongs to somebody: `Belongings` tells how to name what is another's.
"""

from dataclasses import dataclass
from typing import Any, Final

from tests.support.api import Api, Caller

Operation = tuple[str, str]

# Anybody may ask, and is told nothing of anybody.
PUBLIC: Final[frozenset[Operation]] = frozenset({
    ("POST", "/v1/users"), ("POST", "/v1/auth/login"), ("POST", "/v1/auth/refresh"),
    ("POST", "/v1/auth/verify-email"), ("POST", "/v1/auth/password-reset"), ("POST", "/v1/auth/password-reset/confirm"),
    ("GET", "/v1/auth/oidc"), ("GET", "/v1/auth/oidc/{name}"), ("GET", "/v1/auth/oidc/{name}/callback"),
    ("GET", "/v1/agents"), ("GET", "/v1/shared/{token}"), ("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics"),
})
# About the caller alone: no identifier of anything goes in.
OWN: Final[frozenset[Operation]] = frozenset({
    ("GET", "/v1/users/me"), ("PATCH", "/v1/users/me"), ("DELETE", "/v1/users/me"), ("GET", "/v1/users/me/export"),
    ("GET", "/v1/users/me/audit-log"), ("GET", "/v1/users/me/agents"), ("POST", "/v1/users/me/password"),
    ("POST", "/v1/auth/logout"), ("POST", "/v1/auth/verify-email/resend"), ("GET", "/v1/auth/sessions"),
    ("DELETE", "/v1/auth/sessions"), ("POST", "/v1/auth/oidc/{name}/link"), ("POST", "/v1/api-keys"), ("GET", "/v1/api-keys"),
    ("POST", "/v1/agents"), ("GET", "/v1/sessions"), ("GET", "/v1/usage"), ("GET", "/v1/models"),
})
# What goes in names something in the body: see REFERENCES.
REFERRING: Final[frozenset[Operation]] = frozenset({
    ("POST", "/v1/sessions"), ("POST", "/v1/conversations"), ("POST", "/v1/responses"), ("POST", "/v1/chat/completions"),
    ("POST", "/v1/ai-sdk/chat"),
})
ADMIN: Final[frozenset[Operation]] = frozenset({
    ("GET", "/v1/admin/users"), ("GET", "/v1/admin/users/{user_id}"), ("PATCH", "/v1/admin/users/{user_id}"),
})
# Somebody's: a well-formed request for another's is answered as one for what is not there, before its body matters.
OWNED: Final[dict[Operation, Any]] = {
    ("DELETE", "/v1/auth/sessions/{sign_in_id}"): None,
    ("DELETE", "/v1/api-keys/{key_id}"): None,
    ("GET", "/v1/agents/{agent_id}"): None,
    ("PATCH", "/v1/agents/{agent_id}"): {"name": "Stolen"},
    ("DELETE", "/v1/agents/{agent_id}"): None,
    ("GET", "/v1/sessions/{session_id}"): None,
    ("PATCH", "/v1/sessions/{session_id}"): {"title": "Stolen"},
    ("DELETE", "/v1/sessions/{session_id}"): None,
    ("GET", "/v1/sessions/{session_id}/messages"): None,
    ("POST", "/v1/sessions/{session_id}/messages"): {"content": "Stolen"},
    ("GET", "/v1/sessions/{session_id}/share"): None,
    ("POST", "/v1/sessions/{session_id}/share"): None,
    ("DELETE", "/v1/sessions/{session_id}/share"): None,
    ("GET", "/v1/runs/{run_id}"): None,
    ("POST", "/v1/runs/{run_id}/cancel"): None,
    ("GET", "/v1/runs/{run_id}/events"): None,
    ("GET", "/v1/models/{model_id}"): None,
    ("GET", "/v1/responses/{response_id}"): None,
    ("DELETE", "/v1/responses/{response_id}"): None,
    ("POST", "/v1/responses/{response_id}/cancel"): None,
    ("GET", "/v1/responses/{response_id}/input_items"): None,
    ("GET", "/v1/conversations/{conversation_id}"): None,
    ("POST", "/v1/conversations/{conversation_id}"): {"metadata": {"stolen": "yes"}},
    ("DELETE", "/v1/conversations/{conversation_id}"): None,
    ("GET", "/v1/conversations/{conversation_id}/items"): None,
    ("POST", "/v1/conversations/{conversation_id}/items"): {"items": [{"role": "user", "content": "Stolen"}]},
    ("GET", "/v1/conversations/{conversation_id}/items/{item_id}"): None,
    ("DELETE", "/v1/conversations/{conversation_id}/items/{item_id}"): None,
    ("GET", "/v1/ai-sdk/chat/{chat_id}/stream"): None,
    ("POST", "/v1/ai-sdk/chat/{chat_id}/stop"): None,
}
# Paths that are in no document: pages for people, the document itself, and who lost the upgrade on the way to the socket.
UNDOCUMENTED: Final[frozenset[str]] = frozenset({"/docs", "/verify-email", "/reset-password", "/v1/realtime", "/schema"})


@dataclass(frozen=True, slots=True)
class Belongings:
    """One user's things, by the names that paths have for them."""

    names: dict[str, str]
    slug: str

    def path(self, template: str) -> str:
        """Return the path to the thing that a template is about; KeyError for a kind of thing that has no entry here."""
        return template.format(**self.names)


async def belongings_of(api: Api, caller: Caller) -> Belongings:
    """Return what a user has, one of each kind, and all of it private."""
    slug = await caller.agent("scripted")
    session = await caller.session(slug)
    said = (await caller.say(session, "A secret of mine.")).json()
    await caller.post(f"/v1/sessions/{session}/share")
    key = (await caller.post("/v1/api-keys", {"name": "mine"})).json()["id"]
    (sign_in, *_) = (await caller.get("/v1/auth/sessions")).json()["data"]
    agent = (await caller.get(f"/v1/agents/{slug}")).json()["id"]
    run = said["run"]["id"]
    names = {
        "session_id": session, "conversation_id": session, "chat_id": session, "run_id": run, "response_id": run,
        "item_id": said["message"]["id"], "agent_id": agent, "model_id": slug, "key_id": key, "sign_in_id": sign_in["id"],
        "user_id": caller.user["id"], "name": "nowhere", "token": "none",
    }
    return Belongings(names, slug)


def nothing_like(mine: Belongings) -> Belongings:
    """Return identifiers that are as well formed and name nothing."""
    names = {name: f"{text[:-12]}{'0' * 12}" if "_" in text else f"no-{text}" for name, text in mine.names.items()}
    return Belongings(names, f"no-{mine.slug}")


async def operations_of(api: Api) -> dict[Operation, dict[str, Any]]:
    """Return the operations of the OpenAPI document."""
    document = (await api.http.get("/schema/openapi.json")).json()
    return {(method.upper(), path): told for path, item in document["paths"].items() for method, told in item.items()}


# Where what is invalid is a 400.
OPENAI: Final = ("/v1/chat/", "/v1/responses", "/v1/conversations", "/v1/models")
_SAID: Final = [{"role": "user", "content": "Hello"}]
_PART: Final = [{"role": "user", "parts": [{"type": "text", "text": "Hello"}]}]


def bodies(mine: Belongings) -> dict[Operation, dict[str, Any]]:
    """Return a well-formed body for every operation that takes one, but for those of administrators."""
    password = {"password": "correct horse battery"}
    return {
        ("POST", "/v1/users"): {"email": "somebody@example.com", "name": "Somebody", **password},
        ("POST", "/v1/auth/login"): {"email": "somebody@example.com", **password},
        ("POST", "/v1/auth/refresh"): {"refresh_token": "olr_none"},
        ("POST", "/v1/auth/verify-email"): {"token": "none"},
        ("POST", "/v1/auth/password-reset"): {"email": "somebody@example.com"},
        ("POST", "/v1/auth/password-reset/confirm"): {"token": "none", **password},
        ("POST", "/v1/auth/oidc/{name}/link"): {"return_to": "/"},
        ("PATCH", "/v1/users/me"): {"name": "Somebody"},
        ("POST", "/v1/users/me/password"): {"current_password": "wrong horse battery", "new_password": "correct horse battery"},
        ("POST", "/v1/api-keys"): {"name": "laptop"},
        ("POST", "/v1/agents"): {"slug": "an-agent", "name": "Agent", "persona": "You are one.", "model": "scripted"},
        ("PATCH", "/v1/agents/{agent_id}"): {"name": "Agent"},
        ("POST", "/v1/sessions"): {"agent_id": mine.slug},
        ("PATCH", "/v1/sessions/{session_id}"): {"title": "Title"},
        ("POST", "/v1/sessions/{session_id}/messages"): {"content": "Hello"},
        ("POST", "/v1/sessions/{session_id}/share"): {},
        ("POST", "/v1/chat/completions"): {"model": mine.slug, "messages": _SAID},
        ("POST", "/v1/responses"): {"model": mine.slug, "input": "Hello"},
        ("POST", "/v1/conversations"): {"metadata": {}},
        ("POST", "/v1/conversations/{conversation_id}"): {"metadata": {}},
        ("POST", "/v1/conversations/{conversation_id}/items"): {"items": _SAID},
        ("POST", "/v1/ai-sdk/chat"): {"id": "a-chat", "agent_id": mine.slug, "messages": _PART},
    }
