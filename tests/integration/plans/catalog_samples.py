"""Samples for the statements of the catalog."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from tests.integration.plans.samples import (
    AGENT,
    NEW,
    NOW,
    OWNER,
    Sample,
    hashed,
    keys,
    named,
    new,
    outbox,
    pages,
    removed,
    saved,
)
from tests.integration.plans.seeding import USERS

_SOON: Final = datetime(2100, 1, 1, tzinfo=UTC)
_USER: Final = {
    "email": "new@example.com", "name": "New", "plan": "free", "password_hash": "x", "created_at": NOW, "updated_at": NOW,
    "version": 1, "role": "user", "limits": "{}", "monthly_budget": None, "email_verified_at": None,
}
_SIGN_IN: Final = {
    "user_id": OWNER, "access": b"new access", "access_expires_at": NOW, "refresh": b"new refresh", "expires_at": NOW,
    "created_at": NOW, "version": 1, "address": None, "device": None, "renewed_at": None,
}
_API_KEY: Final = {
    "user_id": OWNER, "name": "new", "fingerprint": b"new", "hint": "abcd", "created_at": NOW, "scopes": None, "expires_at": None,
}
_ISSUER: Final = "https://issuer.example"
_AGENT: Final = {
    "owner_id": OWNER, "slug": "agent-new", "name": "New", "description": "", "persona": "You are.", "model": "default",
    "temperature": 0.5, "top_p": None, "max_tokens": None, "visibility": "public", "created_at": NOW, "updated_at": NOW,
    "retired_at": None, "version": 1,
}
_MAILED: Final = {"user_id": named("user", 7), "purpose": "reset_password", "email": "person-7@example.com", "expires_at": NOW}
_AUDITED: Final = {"user_id": OWNER, "actor_id": OWNER, "action": "signed_in", "address": None, "details": "{}", "at": NOW}
CATALOG_SAMPLES: Final[Mapping[str, Sample]] = {
    "users.get": Sample({"id": OWNER}),
    "users.find": Sample({"id": OWNER}),
    "users.find_credential": Sample({"email": "person-7@example.com"}),
    "users.find_by_email": Sample({"email": "person-7@example.com"}),
    **pages("users.list", {}, named("user", USERS // 2)),
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
    "spent_refreshes.add": Sample({"refresh": b"new", "sign_in_id": named("signin", 7), "spent_at": NOW}),
    "sign_ins.remove_expired": Sample({"before": _SOON, "limit": 100}, most=300),
    "spent_refreshes.remove_expired": Sample({"before": _SOON, "limit": 100}, most=300),
    "mailed_tokens.remove_expired": Sample({"before": _SOON, "limit": 100}, most=300),
    **pages("sign_ins.list", {"user_id": named("user", 7), "now": NOW}, named("signin", USERS)),
    "sign_ins.addresses": Sample({"user_id": named("user", 7)}),
    "users.save_password": saved(named("user", 7), _USER),
    "users.require_password": Sample({"id": named("user", 7), "password_hash": "x" * 97}),
    "mailed_tokens.find": Sample({"fingerprint": hashed("mailed", 7)}),
    "mailed_tokens.replace": Sample({**_MAILED, "fingerprint": b"newer"}),
    "mailed_tokens.take": Sample({"fingerprint": hashed("mailed", 7)}),
    "audit_log.add": new("audit", _AUDITED),
    "audit_log.strip": Sample({"user_id": named("user", 7)}),
    "audit_log.strip_done": Sample({"user_id": named("user", 7)}),
    **pages("audit_log.list", {"user_id": named("user", 7)}, named("audit", USERS)),
    "api_keys.get": Sample({"id": named("key", 7)}),
    "api_keys.add": new("key", _API_KEY),
    "api_keys.remove": removed(named("key", 7)),
    **pages("api_keys.list", {"user_id": OWNER}, named("key", USERS)),
    "api_keys.remove_all": Sample({"user_id": named("user", 7)}),
    "identities.remove_all": Sample({"user_id": named("user", 7)}),
    "api_keys.remove_expired": Sample({"ended_before": NOW, "limit": 100}, most=300),
    "identities.find": Sample({"issuer": _ISSUER, "subject": "subject-7"}),
    "identities.add": Sample({"issuer": _ISSUER, "subject": "new", "user_id": OWNER, "created_at": NOW}),
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
    "shard_moves.find_open_of_bucket": Sample({"bucket": 37}, most=20),
    "erasures.begin": Sample({"user_id": named("user", NEW), "step": "shard", "due_in": 15.0}),
    "erasures.claim": Sample({"due_in": 90.0}, most=20),
    "erasures.advance": Sample({"the_id": named("user", 7), "new_step": "audit", "due_in": 90.0}),
    "erasures.put_off": Sample({"the_id": named("user", 7), "due_in": 2.0}),
    "erasures.finish": Sample({"the_id": named("user", 7)}),
    "sign_ins.export": Sample({"user_id": named("user", 7), "after": "", "limit": 500}, most=20),
    "agents.export": Sample({"owner_id": OWNER, "after": named("agent", 1_000), "limit": 500}, most=1500),
    "identities.export": Sample({"user_id": named("user", 7)}),
    "catalog_remains.count": Sample({"user_id": named("user", 7), "limit": 1000}, most=20),
    "catalog_remains.remove_users": Sample({"user_id": named("user", 7), "limit": 1000}, most=20),
    "shard_moves.give_up_fence": Sample({"move_id": named("move", 1), "phase": "fencing", "fence": "move/1"}, most=20),
}
