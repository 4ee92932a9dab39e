"""Mailed tokens, the audit log, and passwords that change."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.paging import PageRequest
from application.ports.account_reader import AccountReader
from application.ports.catalog import Catalog
from domain.shared.errors import StaleWrite
from domain.users.credential import Credential
from domain.users.mailed_token import MailedToken, MailPurpose
from domain.users.user import User, UserNotFound
from tests.support.builders import LATER, NOW, credential_of, new_audit_entry, new_fingerprint, new_sign_in, new_user
from tests.support.storing import remove_user, store_sign_in, store_user
from tests.support.walking import every_way, walks_both_ways


def new_token(user: User, purpose: MailPurpose = MailPurpose.RESET_PASSWORD) -> MailedToken:
    return MailedToken(new_fingerprint(), user.id, purpose, user.email, LATER)


async def store_token(catalog: Catalog, token: MailedToken) -> MailedToken:
    async with catalog.open() as unit:
        unit.mailed_tokens.replace(token)
        await unit.commit()
    return token


async def take_token(catalog: Catalog, token: MailedToken) -> None:
    async with catalog.open() as unit:
        unit.mailed_tokens.take(token)
        await unit.commit()


async def find_token(catalog: Catalog, token: MailedToken) -> MailedToken | None:
    async with catalog.open() as unit:
        return await unit.mailed_tokens.find(token.fingerprint)


class MailedTokenSuite:
    """The fixture: `catalog`."""

    async def test_a_token_is_found_until_it_is_taken_which_is_once(self, catalog: Catalog) -> None:
        token = await store_token(catalog, new_token(await store_user(catalog)))
        assert await find_token(catalog, token) == token
        await take_token(catalog, token)
        assert await find_token(catalog, token) is None
        with pytest.raises(StaleWrite):
            await take_token(catalog, token)

    async def test_a_later_token_replaces_the_one_of_its_purpose_alone(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        first, other = [await store_token(catalog, new_token(user, purpose)) for purpose in MailPurpose]
        second = await store_token(catalog, new_token(user, first.purpose))
        assert [await find_token(catalog, one) for one in (first, second, other)] == [None, second, other]
        with pytest.raises(StaleWrite):
            await take_token(catalog, first)

    async def test_tokens_go_with_their_account_and_are_made_for_none_that_is_gone(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        token = await store_token(catalog, new_token(user))
        await remove_user(catalog, user)
        assert await find_token(catalog, token) is None
        with pytest.raises(UserNotFound):
            await store_token(catalog, new_token(user))


class PasswordSuite:
    """The fixture: `catalog`."""

    async def test_a_password_is_changed_with_its_user(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        user.verify_email(now=LATER)
        async with catalog.open() as unit:
            unit.users.save(user, Credential(user.id, "another hash"))
            await unit.commit()
            assert await unit.users.find_credential(user.email) == Credential(user.id, "another hash")
            assert await unit.users.get(user.id) == user

    async def test_a_change_of_the_user_leaves_the_password(self, catalog: Catalog) -> None:
        user = await store_user(catalog)
        user.rename("Grace", now=LATER)
        async with catalog.open() as unit:
            unit.users.save(user)
            await unit.commit()
            assert await unit.users.find_credential(user.email) == credential_of(user)

    async def test_nothing_is_committed_for_whose_password_is_another_one(
        self, catalog: Catalog, accounts: AccountReader
    ) -> None:
        user = await store_user(catalog)
        async with catalog.open() as unit:
            unit.users.require(Credential(user.id, "an old hash"))
            unit.sign_ins.add(new_sign_in(user.id))
            with pytest.raises(StaleWrite):
                await unit.commit()
        assert (await accounts.list_sign_ins(user.id, PageRequest(), NOW)).items == ()
        async with catalog.open() as unit:
            unit.users.require(credential_of(user))
            unit.sign_ins.add(new_sign_in(user.id))
            await unit.commit()
        assert len((await accounts.list_sign_ins(user.id, PageRequest(), NOW)).items) == 1


class AccountReaderSuite:
    """The fixtures: `catalog` and `accounts`, which reads what it wrote."""

    @every_way
    async def test_entries_are_paged_in_both_directions_and_without_others(
        self, catalog: Catalog, accounts: AccountReader, limit: int, descending: bool
    ) -> None:
        user, other = new_user(), new_user()
        entries = [new_audit_entry(user.id) for _ in range(7)]
        async with catalog.open() as unit:
            for entry in (*entries, new_audit_entry(other.id)):
                unit.audit.note(entry)
            await unit.commit()
        await walks_both_ways(lambda page: accounts.list_audit(user.id, page), entries, limit=limit, descending=descending)

    async def test_entries_outlive_the_account_and_are_then_stripped_of_what_is_personal(
        self, catalog: Catalog, accounts: AccountReader
    ) -> None:
        user, other = await store_user(catalog), new_user()
        entry, kept = new_audit_entry(user.id), new_audit_entry(other.id)
        done = replace(new_audit_entry(other.id), actor_id=user.id)
        async with catalog.open() as unit:
            for one in (entry, kept, done):
                unit.audit.note(one)
            await unit.commit()
        await remove_user(catalog, user)
        assert (await accounts.list_audit(user.id, PageRequest())).items == (entry,)
        async with catalog.open() as unit:
            unit.audit.strip(user.id)
            await unit.commit()
        assert (await accounts.list_audit(user.id, PageRequest())).items == (replace(entry, address=None, details={}),)
        others = (await accounts.list_audit(other.id, PageRequest(descending=False))).items
        assert others == (kept, replace(done, address=None))

    async def test_an_entry_is_stored_with_its_unit_or_not_at_all(self, catalog: Catalog, accounts: AccountReader) -> None:
        user = await store_user(catalog)
        async with catalog.open() as unit:
            unit.audit.note(new_audit_entry(user.id))
        assert (await accounts.list_audit(user.id, PageRequest())).items == ()

    @every_way
    async def test_sign_ins_are_paged_without_others_and_without_those_that_ran_out(
        self, catalog: Catalog, accounts: AccountReader, limit: int, descending: bool
    ) -> None:
        user = await store_user(catalog)
        await store_sign_in(catalog, await store_user(catalog))
        sign_ins = [await store_sign_in(catalog, user) for _ in range(5)]
        await walks_both_ways(
            lambda page: accounts.list_sign_ins(user.id, page, NOW), sign_ins, limit=limit, descending=descending
        )
        assert (await accounts.list_sign_ins(user.id, PageRequest(), NOW + timedelta(days=31))).items == ()

    async def test_addresses_are_those_of_the_users_sign_ins(self, catalog: Catalog, accounts: AccountReader) -> None:
        user, other = await store_user(catalog), await store_user(catalog)
        places = [(user, "192.0.2.1"), (user, "192.0.2.2"), (user, None), (user, "192.0.2.1"), (other, "192.0.2.3")]
        async with catalog.open() as unit:
            for who, address in places:
                unit.sign_ins.add(replace(new_sign_in(who.id), address=address))
            await unit.commit()
        assert await accounts.addresses_of(user.id) == {"192.0.2.1", "192.0.2.2"}
