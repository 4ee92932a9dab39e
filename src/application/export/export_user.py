"""Tell users all that is stored of them."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from application.actor import Actor
from application.agents.views import AgentView
from application.paging import pages_of
from application.ports.account_reader import AccountReader
from application.ports.clock import Clock
from application.ports.readers import UsageReader, UserReader
from application.ports.records import AccountRecords, ConversationRecords, Said
from application.runs.views import RunView
from application.sessions.views import SessionView, ShareView
from application.users.views import UserView
from domain.analytics.usage import DayUsage, UsageEntry
from domain.shared.identifiers import UserId
from domain.users.audit import AuditEntry
from domain.users.credential import ApiKey, SignIn
from domain.users.identity import Identity
from domain.users.user import UserNotFound

_MOST: Final = 500
_MOST_RUNS: Final = 2000
# A page of messages takes less than a megabyte, however long they are.
_MOST_CHARACTERS: Final = 200_000

Exported: TypeAlias = (
    UserView | SignIn | ApiKey | Identity | AgentView | AuditEntry
    | SessionView | ShareView | Said | RunView | UsageEntry | DayUsage
)
Pages: TypeAlias = AsyncGenerator[Sequence[Exported], None]


@dataclass(frozen=True, slots=True)
class Export:
    """Of whom, since when it is being read, and its pages: whoever takes them one by one holds one at a time."""

    user_id: UserId
    started_at: datetime
    pages: Pages


@dataclass(frozen=True, slots=True)
class ExportUser:
    """Reads everything page by page, each in a moment of its own: nothing is held open while a page is being sent.

    What was stored before the export began and is not removed while it lasts is in it. Idempotency keys are not: they are
    names of a program's own making, kept for a day.
    """

    users: UserReader
    account: AccountReader
    account_records: AccountRecords
    conversations: ConversationRecords
    usage: UsageReader
    clock: Clock

    async def execute(self, actor: Actor) -> Export:
        """Return the export; UserNotFound. Its pages raise Unavailable, and UserNotFound if the account ends meanwhile."""
        user = await self._user(actor.user_id)
        now = self.clock.now()
        return Export(user.id, now, self._pages(user, now))

    async def _user(self, user_id: UserId) -> UserView:
        user = await self.users.find_user(user_id)
        if user is None:
            raise UserNotFound("The account is gone.")
        return user

    async def _pages(self, user: UserView, now: datetime) -> Pages:
        yield [user]
        for part in (self._account(user.id), self._conversations(user.id), self._usage(user, now)):
            async for page in part:
                yield page
        await self._user(user.id)  # who was erased meanwhile must not take this for all there was

    async def _account(self, user_id: UserId) -> Pages:
        after = ""
        while sign_ins := await self.account_records.list_sign_ins(user_id, after, _MOST):
            yield sign_ins
            after = sign_ins[-1].id
        async for keys in pages_of(lambda page: self.users.list_api_keys(user_id, page), descending=False):
            yield keys
        yield await self.account_records.list_identities(user_id)
        after = ""
        while agents := await self.account_records.list_agents(user_id, after, _MOST):
            yield agents
            after = agents[-1].id
        async for entries in pages_of(lambda page: self.account.list_audit(user_id, page), descending=False):
            yield entries

    async def _conversations(self, user_id: UserId) -> Pages:
        after = ""
        while sessions := await self.conversations.list_sessions(user_id, after, _MOST):
            shares = await self.conversations.list_shares(user_id, [session.id for session in sessions])
            by_session = {share.session_id: share for share in shares}
            for session in sessions:
                share = by_session.get(session.id)
                yield [session] if share is None else [session, share]
                async for page in self._session(user_id, session):
                    yield page
            after = sessions[-1].id

    async def _session(self, user_id: UserId, session: SessionView) -> Pages:
        after_seq = 0
        while said := await self.conversations.read_messages(
            user_id, session.id, after_seq, limit=_MOST, most_characters=_MOST_CHARACTERS
        ):
            yield said
            after_seq = said[-1].message.seq
        after = ""
        while runs := await self.conversations.list_runs(user_id, session.id, after, _MOST_RUNS):
            yield runs
            after = runs[-1].id

    async def _usage(self, user: UserView, now: datetime) -> Pages:
        after = ""
        while entries := await self.conversations.list_usage(user.id, after, _MOST):
            yield entries
            after = entries[-1].id
        first = user.created_at.date().replace(day=1)
        while first <= now.date():
            following = _next_month(first)
            yield await self.usage.list_days(user.id, first, following - timedelta(days=1))
            first = following


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
