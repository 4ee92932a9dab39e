"""What all stores of shares do. The fixtures: `shards` to write, `shares` to read, and for seeds `catalog` and `seeds`."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from application.paging import Page
from application.ports.catalog import Catalog
from application.ports.link_seeds import LinkSeeds
from application.ports.readers import ShareReader
from application.ports.shards import Shards
from application.sessions.views import SharedMessage, SharedSession, ShareView
from domain.sessions.message import Message, MessageStatus
from domain.sessions.session import Session
from domain.sessions.share import Share, SharedAgent, Snapshot
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import AgentId, SessionId, ShareId
from domain.users.user import UserNotFound
from tests.contracts.ports.shards.access import remove_all, remove_session
from tests.support.builders import LATER, NOW, new_fingerprint, new_user_id, replied
from tests.support.racing import one_wins, race
from tests.support.storing import answer, remove_user, say, store_session, store_user

AGENT = SharedAgent(AgentId("agent_of_nobody"), "Guide")


def new_share(session: Session, agent: SharedAgent | None = AGENT) -> Share:
    """Return a share of the session as it is now."""
    snapshot = Snapshot(session.title, agent, session.head_seq, NOW)
    share_id = ShareId(f"share{session.id.removeprefix('session')}")
    return Share(share_id, session.id, session.owner_id, new_fingerprint(), snapshot, NOW)


async def add_share(shards: Shards, session: Session, share: Share) -> None:
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        unit.shares.add(share)
        await unit.commit()


async def store_share(shards: Shards, session: Session, agent: SharedAgent | None = AGENT) -> Share:
    """Return a share that is stored."""
    share = new_share(session, agent)
    await add_share(shards, session, share)
    return share


async def save_share(shards: Shards, share: Share) -> None:
    async with shards.open(share.owner_id) as unit:
        unit.shares.save(share)
        await unit.commit()


async def remove_share(shards: Shards, share: Share) -> None:
    async with shards.open(share.owner_id) as unit:
        unit.shares.remove(share)
        await unit.commit()


async def stored(shards: Shards, session: Session) -> Share | None:
    async with shards.open(session.owner_id) as unit:
        return await unit.shares.find(session.id)


async def ids_of(shards: Shards, session: Session) -> set[ShareId]:
    async with shards.open(session.owner_id) as unit:
        return set(await unit.shares.list_ids())


async def page_of(shares: ShareReader, share: Share, after: int = 0, limit: int = 100) -> tuple[list[int], bool]:
    """Return the numbers of the messages on a page, and whether more follow."""
    found = await shares.read_shared(share.id, after, limit)
    assert found is not None
    return [message.seq for message in found.messages.items], found.messages.has_more


def as_shown(message: Message) -> SharedMessage:
    return SharedMessage(message.seq, message.role, message.content, message.created_at)


async def fail_reply(shards: Shards, session: Session) -> None:
    """Store what is said next, and a reply to it that broke off."""
    _, run = await say(shards, session, "And then?")
    reply = replace(replied(session, run, "Well,"), status=MessageStatus.FAILED)
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        unit.messages.add(reply)
        await unit.commit()


class KeepingSuite:
    @pytest.mark.parametrize("agent", [AGENT, SharedAgent(None, "Guide"), None])
    async def test_a_share_comes_back_as_it_was(
        self, shards: Shards, shares: ShareReader, agent: SharedAgent | None
    ) -> None:
        session = await store_session(shards)
        share = await store_share(shards, session, agent)
        assert await stored(shards, session) == share
        assert await shares.find(session.owner_id, session.id) == ShareView.of(share)

    async def test_a_session_shared_again_is_shown_as_it_was_then(self, shards: Shards, shares: ShareReader) -> None:
        session = await store_session(shards)
        share = await store_share(shards, session)
        await say(shards, session)
        share.renew(new_fingerprint(), Snapshot(None, None, session.head_seq, LATER + timedelta(microseconds=1)))
        await save_share(shards, share)
        assert await stored(shards, session) == share
        found = await shares.read_shared(share.id, 0, 10)
        assert found is not None
        assert (found.fingerprint, found.snapshot) == (share.fingerprint, share.snapshot)

    async def test_what_is_not_shared_and_what_is_anothers_is_not_found(self, shards: Shards, shares: ShareReader) -> None:
        session, stranger = await store_session(shards), new_user_id()
        assert await stored(shards, session) is None
        assert await shares.find(session.owner_id, session.id) is None
        share = await store_share(shards, session)
        assert await shares.find(stranger, session.id) is None
        async with shards.open(stranger) as unit:
            assert await unit.shares.find(session.id) is None
            assert await unit.shares.list_ids() == ()
        unknown = ShareId(share.id[:-1] + ("1" if share.id[-1] == "0" else "0"))
        assert await shares.read_shared(unknown, 0, 10) is None
        assert await shares.find(session.owner_id, SessionId("session_none")) is None

    async def test_a_removed_share_is_gone_and_the_session_may_have_another(self, shards: Shards, shares: ShareReader) -> None:
        session = await store_session(shards)
        share = await store_share(shards, session)
        await remove_share(shards, share)
        assert await stored(shards, session) is None
        assert await shares.read_shared(share.id, 0, 10) is None
        again = await store_share(shards, session)
        assert await stored(shards, session) == again

    async def test_changing_what_was_read_changes_nothing_that_is_stored(self, shards: Shards) -> None:
        session = await store_session(shards)
        share = await store_share(shards, session)
        found = await stored(shards, session)
        assert found is not None
        found.renew(b"another", Snapshot(None, None, 9, LATER))
        assert await stored(shards, session) == share

    async def test_leaving_without_a_commit_stores_nothing(self, shards: Shards) -> None:
        session = await store_session(shards)
        async with shards.open(session.owner_id) as unit:
            unit.shares.add(new_share(session))
        assert await stored(shards, session) is None


class RefusingSuite:
    async def test_a_session_has_one_share(self, shards: Shards) -> None:
        session = await store_session(shards)
        share = await store_share(shards, session)
        other = new_share(await store_session(shards, session.owner_id))
        other.session_id = session.id
        with pytest.raises(StaleWrite):
            await add_share(shards, session, other)
        assert await stored(shards, session) == share

    async def test_of_twenty_who_share_a_session_for_the_first_time_one_wins(self, shards: Shards) -> None:
        session = await store_session(shards)

        async def share_once(barrier: asyncio.Barrier) -> None:
            async with shards.open(session.owner_id) as unit:
                found = await unit.sessions.get(session.id)
                await barrier.wait()
                unit.sessions.save(found)
                unit.shares.add(new_share(found))
                await unit.commit()

        assert await race(share_once) == one_wins(StaleWrite)
        assert await stored(shards, session) is not None

    async def test_of_twenty_who_change_or_remove_a_share_one_wins(self, shards: Shards) -> None:
        session = await store_session(shards)
        share = await store_share(shards, session)
        numbers = iter(range(100))

        async def change(barrier: asyncio.Barrier) -> None:
            found = await stored(shards, session)
            assert found is not None
            await barrier.wait()
            await (save_share if next(numbers) % 2 else remove_share)(shards, found)

        assert await race(change) == one_wins(StaleWrite)
        left = await stored(shards, session)
        assert left is None or left.version == share.version + 1

    async def test_a_share_goes_with_its_session_and_with_no_other(self, shards: Shards) -> None:
        session = await store_session(shards)
        other = await store_session(shards, session.owner_id)
        share, kept = await store_share(shards, session), await store_share(shards, other)
        assert await ids_of(shards, session) == {share.id, kept.id}
        await remove_session(shards, session)
        assert await ids_of(shards, session) == {kept.id}
        assert await stored(shards, other) == kept

    async def test_all_shares_go_with_all_that_an_owner_has(self, shards: Shards, shares: ShareReader) -> None:
        session, stranger = await store_session(shards), await store_session(shards)
        share, kept = await store_share(shards, session), await store_share(shards, stranger)
        await remove_all(shards, session.owner_id)
        assert await shares.read_shared(share.id, 0, 10) is None
        assert await stored(shards, stranger) == kept


class PageSuite:
    async def test_everybody_sees_what_had_been_said_and_nothing_that_was_said_later(
        self, shards: Shards, shares: ShareReader
    ) -> None:
        session = await store_session(shards)
        message, run = await say(shards, session)
        reply = await answer(shards, session, run)
        share = await store_share(shards, session)
        await say(shards, session, "Not for everybody.")
        page = Page((as_shown(message), as_shown(reply)), has_more=False)
        shown = SharedSession(share.id, share.fingerprint, share.snapshot, page)
        assert await shares.read_shared(share.id, 0, 100) == shown

    async def test_pages_end_where_the_next_one_begins(self, shards: Shards, shares: ShareReader) -> None:
        session = await store_session(shards)
        for number in range(5):
            await say(shards, session, str(number))
        share = await store_share(shards, session)
        await say(shards, session)
        assert await page_of(shares, share, 0, 2) == ([1, 2], True)
        assert await page_of(shares, share, 2, 2) == ([3, 4], True)
        assert await page_of(shares, share, 4, 2) == ([5], False)
        assert await page_of(shares, share, 3, 2) == ([4, 5], False)
        assert await page_of(shares, share, 5, 2) == ([], False)
        assert await page_of(shares, share, 2**31 - 1, 2) == ([], False)

    async def test_a_reply_that_broke_off_is_not_shown(self, shards: Shards, shares: ShareReader) -> None:
        session = await store_session(shards)
        _, run = await say(shards, session)
        await answer(shards, session, run)
        await fail_reply(shards, session)
        await say(shards, session)
        share = await store_share(shards, session)
        assert await page_of(shares, share) == ([1, 2, 3, 5], False)
        assert await page_of(shares, share, 0, 3) == ([1, 2, 3], True)

    async def test_a_session_in_which_nothing_was_said_has_an_empty_page(self, shards: Shards, shares: ShareReader) -> None:
        share = await store_share(shards, await store_session(shards))
        assert await page_of(shares, share) == ([], False)


class SharesSuite(KeepingSuite, RefusingSuite, PageSuite):
    """The stores may hold other tests' entities too."""


class LinkSeedsSuite:
    """The stores may hold other tests' entities too."""

    async def test_an_owner_has_one_seed_which_nobody_else_has(self, catalog: Catalog, seeds: LinkSeeds) -> None:
        one, other = await store_user(catalog), await store_user(catalog)
        seed = await seeds.of(one.id)
        assert len(seed) >= 32
        assert await seeds.of(one.id) == seed
        assert await seeds.of(other.id) != seed

    async def test_twenty_who_ask_for_the_first_time_get_the_same(self, catalog: Catalog, seeds: LinkSeeds) -> None:
        owner = (await store_user(catalog)).id
        found = await asyncio.gather(*(seeds.of(owner) for _ in range(20)))
        assert set(found) == {await seeds.of(owner)}

    async def test_a_seed_goes_with_the_account(self, catalog: Catalog, seeds: LinkSeeds) -> None:
        user = await store_user(catalog)
        await seeds.of(user.id)
        await remove_user(catalog, user)
        with pytest.raises(UserNotFound):
            await seeds.of(user.id)
