"""Samples for the statements of the catalog."""

from collections.abc import Mapping
from typing import Final

from tests.integration.plans.samples import AGENT, NOW, OWNER, Sample, hashed, keys, named, new, outbox, pages, removed, saved
from tests.integration.plans.seeding import USERS

_USER: Final = {
    "email": "new@example.com", "name": "New", "plan": "free", "password_hash": "x", "created_at": NOW, "updated_at": NOW,
    "version": 1,
}
_SIGN_IN: Final = {
    "user_id": OWNER, "access": b"new access", "access_expires_at": NOW, "refresh": b"new refresh", "expires_at": NOW,
    "created_at": NOW, "version": 1,
}
_API_KEY: Final = {"user_id": OWNER, "name": "new", "fingerprint": b"new", "hint": "abcd", "created_at": NOW}
_AGENT: Final = {
    "owner_id": OWNER, "slug": "agent-new", "name": "New", "description": "", "persona": "You are.", "model": "default",
    "temperature": 0.5, "top_p": None, "max_tokens": None, "visibility": "public", "created_at": NOW, "updated_at": NOW,
    "retired_at": None, "version": 1,
}
CATALOG_SAMPLES: Final[Mapping[str, Sample]] = {
    "users.get": Sample({"id": OWNER}),
    "users.find": Sample({"id": OWNER}),
    "users.find_credential": Sample({"email": "person-7@example.com"}),
    "users.find_actor": Sample({"fingerprint": hashed("access", 7)}),
    "users.add": new("user", _USER),
    "users.save": saved(named("user", 7), _USER),
    "users.remove": removed(named("user", 7)),
    "sign_ins.find": Sample({"id": named("signin", 7)}),
    "sign_ins.find_by_refresh": Sample({"refresh": hashed("spent", 7)}),
    "sign_ins.fingerprints": Sample({"user_id": named("user", 7)}),
    "sign_ins.add": new("signin", _SIGN_IN),
    "sign_ins.save": saved(named("signin", 7), _SIGN_IN),
    "sign_ins.remove": removed(named("signin", 7)),
    "spent_refreshes.add": Sample({"refresh": b"new", "sign_in_id": named("signin", 7)}),
    "api_keys.get": Sample({"id": named("key", 7)}),
    "api_keys.add": new("key", _API_KEY),
    "api_keys.remove": removed(named("key", 7)),
    **pages("api_keys.list", {"user_id": OWNER}, named("key", USERS)),
    "agents.get": Sample({"id": AGENT}),
    "agents.find": Sample({"name": "agent-7"}),
    "agents.find_by_slug": Sample({"slug": "agent-7"}),
    "agents.add": new("agent", _AGENT),
    "agents.save": saved(AGENT, _AGENT),
    **pages("agents.list_public", {}, named("agent", USERS // 2)),
    **pages("agents.list_own", {"owner_id": OWNER}, named("agent", 1_500)),
    "link_seeds.take": Sample({"owner_id": OWNER, "fresh": b"new"}),
    **outbox("catalog_outbox"),
    **keys("catalog_idempotency"),
    "shard_maps.find_newest": Sample({}, most=20),
    "shard_maps.read_version": Sample({}, most=20),
    "shard_maps.add_first": Sample({"version": 1, "shards": [0] * 4096}),
    "shard_pins.list": Sample({}),
    "shard_moves.find_open": Sample({}, most=20),
    "shard_moves.give_up_fence": Sample({"move_id": named("move", 1), "phase": "fencing", "fence": "move/1"}, most=20),
}
