"""What readers of everything, and of what is left of it, do. The fixtures: `catalog`, `shards`, and what is tried."""

from collections.abc import Sequence
from datetime import timedelta

from application.agents.views import AgentView
from application.ports.catalog import Catalog
from application.ports.records import AccountRecords, ConversationRecords, Said
from application.ports.remains import Remains
from application.ports.shards import Shards
from application.runs.views import RunView
from application.sessions.views import SessionView, ShareView
from domain.analytics.usage import UsageEntry
from domain.runs.run import Usage
from domain.sessions.session import Session
from domain.sessions.share import Share, Snapshot
from domain.shared.identifiers import AuditEntryId, ShareId, UserId
from domain.users.audit import AuditEntry
from domain.users.identity import Identity
from tests.support.builders import NOW, new_agent, new_fingerprint, new_run_id, new_session, new_user_id
from tests.support.storing import answer, ask_again, say, store_agent, store_api_key, store_session, store_sign_in, store_user

MUCH = {"limit": 100, "most_characters": 10_000}


def _share_of(session: Session) -> Share:
    share_id = ShareId(session.id.replace("session", "share"))
    return Share(share_id, session.id, session.owner_id, new_fingerprint(), Snapshot("On engines", None, 2, NOW), NOW)


def _entry(owner_id: UserId) -> UsageEntry:
    return UsageEntry(new_run_id(owner_id), owner_id, None, None, "small", Usage(3, 4), 5, estimated=True, at=NOW)


async def _fill_shard(shards: Shards, owner_id: UserId) -> tuple[Session, Share, UsageEntry]:
    """Leave something in every table of a shard."""
    session, entry = await store_session(shards, owner_id), _entry(owner_id)
    _, run = await say(shards, session)
    await answer(shards, session, run)
    share = _share_of(session)
    async with shards.open(owner_id) as unit:
        unit.shares.add(share)
        unit.usage.book(entry)
        unit.keys.add(owner_id, "a key", b"request", share)
        await unit.commit()
    return session, share, entry


class AccountRecordsSuite:
    async def test_agents_come_page_by_page_the_retired_too_and_nobody_elses(
        self, catalog: Catalog, account_records: AccountRecords
    ) -> None:
        user = await store_user(catalog)
        agents = sorted([await store_agent(catalog, new_agent(user.id)) for _ in range(3)], key=lambda agent: agent.id)
        await store_agent(catalog, new_agent((await store_user(catalog)).id))
        agents[1].retire(now=NOW + timedelta(days=1))
        async with catalog.open() as unit:
            unit.agents.save(agents[1])
            await unit.commit()
        first = await account_records.list_agents(user.id, "", 2)
        rest = await account_records.list_agents(user.id, first[-1].id, 2)
        assert [*first, *rest] == [AgentView.of(agent) for agent in agents]
        assert [agent.retired for agent in first] == [False, True]

    async def test_sign_ins_and_identities_are_the_users_own(self, catalog: Catalog, account_records: AccountRecords) -> None:
        user, other = await store_user(catalog), await store_user(catalog)
        sign_ins = sorted([await store_sign_in(catalog, one) for one in (user, user)], key=lambda one: one.id)
        await store_sign_in(catalog, other)
        mine, yours = (Identity("https://issuer.example", one.id, one.id, NOW) for one in (user, other))
        async with catalog.open() as unit:
            unit.identities.add(mine)
            unit.identities.add(yours)
            await unit.commit()
        first = await account_records.list_sign_ins(user.id, "", 1)
        rest = await account_records.list_sign_ins(user.id, first[0].id, 10)
        assert [*first, *rest] == sign_ins
        assert list(await account_records.list_identities(user.id)) == [mine]


class ConversationRecordsSuite:
    async def test_sessions_with_their_shares_come_page_by_page(
        self, shards: Shards, conversation_records: ConversationRecords
    ) -> None:
        session, share, _ = await _fill_shard(shards, new_user_id())
        owner = session.owner_id
        sessions = sorted([session, await store_session(shards, owner)], key=lambda one: one.id)
        await _fill_shard(shards, new_user_id())
        first = await conversation_records.list_sessions(owner, "", 1)
        rest = await conversation_records.list_sessions(owner, first[0].id, 1)
        assert [*first, *rest] == [SessionView.of(one) for one in sessions]
        assert list(await conversation_records.list_sessions(owner, rest[0].id, 1)) == []
        assert list(await conversation_records.list_shares(owner, [one.id for one in sessions])) == [ShareView.of(share)]

    async def test_messages_come_in_order_those_that_were_replaced_too_and_none_that_begins_too_far_on(
        self, shards: Shards, conversation_records: ConversationRecords
    ) -> None:
        session = await store_session(shards)
        message, run = await say(shards, session, "x" * 60)
        replaced = await answer(shards, session, run)
        again = await ask_again(shards, session, message)
        async with shards.open(session.owner_id) as unit:
            unit.messages.supersede(replaced)
            await unit.commit()
        newer = await answer(shards, session, again)
        wanted = [Said(message, superseded=False), Said(replaced, superseded=True), Said(newer, superseded=False)]
        owner = session.owner_id
        assert list(await conversation_records.read_messages(owner, session.id, 0, **MUCH)) == wanted
        assert list(await conversation_records.read_messages(owner, session.id, 1, **MUCH)) == wanted[1:]
        assert list(await conversation_records.read_messages(owner, session.id, 3, **MUCH)) == []
        few = await conversation_records.read_messages(owner, session.id, 0, limit=2, most_characters=10_000)
        short = await conversation_records.read_messages(owner, session.id, 0, limit=100, most_characters=50)
        assert (list(few), list(short)) == (wanted[:2], wanted[:1])
        first = await conversation_records.list_runs(owner, session.id, "", 1)
        rest = await conversation_records.list_runs(owner, session.id, first[0].id, 1)
        assert [*first, *rest] == [RunView.of(one) for one in sorted([run, again], key=lambda one: one.id)]

    async def test_the_ledger_comes_entry_by_entry_and_can_be_forgotten_in_parts(
        self, shards: Shards, conversation_records: ConversationRecords
    ) -> None:
        owner, other = new_user_id(), new_user_id()
        entries = sorted([await _book(shards, owner) for _ in range(3)], key=lambda one: one.id)
        foreign = await _book(shards, other)
        first = await conversation_records.list_usage(owner, "", 2)
        assert [*first, *await conversation_records.list_usage(owner, first[1].id, 2)] == entries
        async with shards.open(owner) as unit:
            unit.usage.forget([entries[0].id, foreign.id])
            await unit.commit()
        assert list(await conversation_records.list_usage(owner, "", 9)) == entries[1:]
        assert list(await conversation_records.list_usage(other, "", 9)) == [foreign]

    async def test_some_sessions_are_the_oldest_of_their_owner(self, shards: Shards) -> None:
        owner = new_user_id()
        stored = [await store_session(shards, owner) for _ in range(3)]
        await store_session(shards)
        async with shards.open(owner) as unit:
            assert list(await unit.sessions.list_some(2)) == sorted(stored, key=lambda one: one.id)[:2]
            assert len(await unit.sessions.list_some(9)) == 3


class RemainsSuite:
    async def test_of_a_user_who_was_never_there_nothing_is_left(self, remains: Remains) -> None:
        assert dict(await remains.find(new_user_id())) == {}

    async def test_everything_that_a_user_has_is_found_and_can_be_removed(
        self, catalog: Catalog, shards: Shards, remains: Remains
    ) -> None:
        user, other = await store_user(catalog), await store_user(catalog)
        for one in (user, other):
            await _fill_catalog(catalog, one.id)
            await store_sign_in(catalog, one)
            await store_api_key(catalog, one)
            await store_agent(catalog, new_agent(one.id))
            await _fill_shard(shards, one.id)
        found = dict(await remains.find(user.id))
        tables = ["agents", "api_keys", "audit_log", "identities", "idempotency_keys", "sign_ins", "users"]
        assert {f"catalog: {table}" for table in tables} <= found.keys()
        assert _on_shards(found) >= {"sessions", "runs", "shares", "usage_entries", "idempotency_keys"}
        before = dict(await remains.find(other.id))
        await _strip(catalog, user.id)
        await remains.remove(user.id)
        assert dict(await remains.find(user.id)) == {}
        assert dict(await remains.find(other.id)) == before

    async def test_an_entry_of_the_audit_log_without_anything_personal_may_stay(
        self, catalog: Catalog, remains: Remains
    ) -> None:
        user_id = new_user_id()
        await _fill_catalog(catalog, user_id, accountless=True)
        assert dict(await remains.find(user_id)) == {"catalog: audit_log": 1}
        await _strip(catalog, user_id)
        assert dict(await remains.find(user_id)) == {}


async def _book(shards: Shards, owner_id: UserId) -> UsageEntry:
    entry = _entry(owner_id)
    async with shards.open(owner_id) as unit:
        unit.usage.book(entry)
        await unit.commit()
    return entry


async def _fill_catalog(catalog: Catalog, user_id: UserId, *, accountless: bool = False) -> None:
    async with catalog.open() as unit:
        entry_id = AuditEntryId(user_id.replace("user", "audit"))
        unit.audit.note(AuditEntry(entry_id, user_id, "signed_in", NOW, address="192.0.2.7", details={"device": "phone"}))
        if not accountless:
            unit.identities.add(Identity("https://issuer.example", user_id, user_id, NOW))
            unit.keys.add(user_id, "a key", b"request", new_session(user_id))
        await unit.commit()


async def _strip(catalog: Catalog, user_id: UserId) -> None:
    async with catalog.open() as unit:
        unit.audit.strip(user_id)
        await unit.commit()


def _on_shards(found: dict[str, int]) -> set[str]:
    names: Sequence[str] = list(found)
    return {name.rpartition(": ")[2] for name in names if name.startswith("shard 0")}
