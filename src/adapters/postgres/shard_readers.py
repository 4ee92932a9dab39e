"""Reading a shard: sessions, messages, runs. Each question is one statement."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Integer, Text, bindparam, case, func, or_, select, true

from adapters.postgres.paging import PagedReading, in_range, name_of_page
from adapters.postgres.placement import Placement
from adapters.postgres.rows import message_from, run_view, session_view
from adapters.postgres.statement import Statement
from adapters.postgres.tables import MESSAGES, RUNS, SESSIONS, Id
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest, page_of
from application.ports.readers import RunReader, SessionReader
from application.runs.views import RunView
from application.sessions.views import Excerpt, SessionView
from domain.sessions.message import Message
from domain.shared.errors import Invalid
from domain.shared.identifiers import RunId, SessionId, UserId

_owner: Final = bindparam("owner_id", type_=Id)
_session_id: Final = bindparam("session_id", type_=Id)
_SESSION: Final = Statement(
    select(SESSIONS).where(SESSIONS.c.id == _session_id, SESSIONS.c.owner_id == _owner), "sessions.find"
)
_BY_CHAT: Final = Statement(
    select(SESSIONS).where(SESSIONS.c.owner_id == _owner, SESSIONS.c.client_chat_id == bindparam("client_chat_id", type_=Text)),
    "sessions.find_by_chat",
)
_own: Final = [SESSIONS.c.owner_id]
_SESSIONS: Final[Mapping[bool | None, PagedReading]] = {
    None: PagedReading(select(SESSIONS), SESSIONS.c.id, "sessions.list", _own),
    True: PagedReading(select(SESSIONS).where(SESSIONS.c.archived), SESSIONS.c.id, "sessions.list_archived", _own),
    False: PagedReading(select(SESSIONS).where(~SESSIONS.c.archived), SESSIONS.c.id, "sessions.list_unarchived", _own),
}


_PLACE: Final = (MESSAGES.c.session_id, MESSAGES.c.seq)
_SHORT_OF_SESSION: Final = [SESSIONS.c[name] for name in ("id", "agent_id", "head_seq", "archived", "created_at", "updated_at")]


def _messages(*, down: bool, bounded: bool) -> Statement:
    """Return the reading of a session and a page of its messages; without any on the page there is one row, with `id` NULL.

    What can be long of a session stands in the first row alone.
    """
    place = select(MESSAGES.c.seq.label("cursor_seq")).where(
        MESSAGES.c.id == bindparam("cursor", type_=Id), MESSAGES.c.session_id == SESSIONS.c.id
    ).lateral("place")
    here = in_range(_PLACE, [SESSIONS.c.id], place.c.cursor_seq if bounded else None, down=down)
    order = [column.desc() if down else column for column in _PLACE]
    nth = func.row_number().over(order_by=order).label("nth")
    shown = select(MESSAGES, nth).where(*here, ~MESSAGES.c.superseded)
    rows = shown.order_by(*order).limit(bindparam("limit", type_=Integer)).lateral("page")
    source: Any = SESSIONS
    begins = func.coalesce(rows.c.nth, 1) == 1
    long = [case((begins, column)).label(f"of_{column.name}") for column in (SESSIONS.c.title, SESSIONS.c.metadata)]
    short = [column.label(f"of_{column.name}") for column in _SHORT_OF_SESSION]
    columns: list[Any] = [*(column for column in rows.c if column.name != "nth"), *short, *long]
    if bounded:
        source, columns = source.outerjoin(place, true()), [*columns, place.c.cursor_seq]
    source = source.outerjoin(rows, true())
    whole = select(*columns).select_from(source).where(SESSIONS.c.id == _session_id, SESSIONS.c.owner_id == _owner)
    name = name_of_page("messages.page", down=down, bounded=bounded)
    return Statement(whole.order_by(rows.c.seq.desc() if down else rows.c.seq), name)


_MESSAGES: Final = {(down, bounded): _messages(down=down, bounded=bounded) for down in (True, False) for bounded in (True, False)}

_newest: Final = (
    select(MESSAGES).where(*in_range(_PLACE, [_session_id], None, down=True), ~MESSAGES.c.superseded)
    .order_by(*(column.desc() for column in _PLACE)).limit(bindparam("limit", type_=Integer)).subquery("newest")
)
_backwards: Final = [_newest.c.session_id.desc(), _newest.c.seq.desc()]
_measured: Final = select(
    _newest,
    (func.sum(_newest.c.characters).over(order_by=_backwards) - _newest.c.characters).label("begins_at"),
).subquery("measured")
_RECENT: Final = Statement(
    select(_measured).where(_measured.c.begins_at <= bindparam("most_characters", type_=Integer)).order_by(_measured.c.seq),
    "messages.recent",
)

_run_columns: Final = [column.label(f"run_{column.name}") for column in RUNS.c]
_MESSAGE_RUN: Final = Statement(
    select(MESSAGES, *_run_columns).join(RUNS, RUNS.c.id == MESSAGES.c.run_id).where(
        MESSAGES.c.session_id == _session_id, MESSAGES.c.client_message_id == bindparam("client_message_id", type_=Text)
    ),
    "messages.find_with_run",
)
_run_id: Final = bindparam("run_id", type_=Id)
_RUN: Final = Statement(select(RUNS).where(RUNS.c.id == _run_id, RUNS.c.owner_id == _owner), "runs.find")
_EXCHANGE: Final = Statement(
    select(MESSAGES).join(RUNS, or_(MESSAGES.c.run_id == RUNS.c.id, MESSAGES.c.id == RUNS.c.message_id))
    .where(RUNS.c.id == _run_id, RUNS.c.owner_id == _owner).order_by(MESSAGES.c.seq),
    "messages.exchange",
)


class PostgresSessionReader(SessionReader):
    """Sessions and their messages."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement

    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> SessionView | None:
        """Read the session."""
        row = await self._placement.of(owner_id, freshness).row(_SESSION, session_id=session_id, owner_id=owner_id)
        return None if row is None else session_view(row)

    async def list_for_owner(
        self, owner_id: UserId, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        """Read a page of the owner's sessions."""
        statement, values = _SESSIONS[archived].for_page(page)
        rows = await self._placement.of(owner_id, freshness).rows(statement, owner_id=owner_id, **values)
        return page_of([session_view(row) for row in rows], page)

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Excerpt | None:
        """Read the session, a page of its messages and the cursor's place in one statement."""
        rows = await self._placement.of(owner_id, freshness).rows(
            _MESSAGES[page.scans_down, page.cursor is not None],
            session_id=session_id, owner_id=owner_id, limit=page.limit + 1, cursor=page.cursor,
        )
        if not rows:
            return None
        if page.cursor is not None and rows[0]["cursor_seq"] is None:
            param = "after" if page.before is None else "before"
            raise Invalid(f"'{param}' is not a message of this session.", param=param)
        messages = page_of([message_from(row) for row in rows if row["id"] is not None], page)
        return Excerpt(session_view(rows[0], "of_"), messages)

    async def recent_messages(
        self, owner_id: UserId, session_id: SessionId, *, limit: int, most_characters: int
    ) -> Sequence[Message]:
        """Read the newest messages that fit."""
        rows = await self._placement.of(owner_id).rows(
            _RECENT, session_id=session_id, limit=limit, most_characters=min(most_characters, 2**31 - 1)
        )
        return [message_from(row) for row in rows]

    async def find_by_chat(self, owner_id: UserId, client_chat_id: str) -> SessionView | None:
        """Read the session."""
        row = await self._placement.of(owner_id).row(_BY_CHAT, owner_id=owner_id, client_chat_id=client_chat_id)
        return None if row is None else session_view(row)

    async def find_message_run(
        self, owner_id: UserId, session_id: SessionId, client_message_id: str
    ) -> tuple[Message, RunView] | None:
        """Read the message and its run."""
        shard = self._placement.of(owner_id)
        row = await shard.row(_MESSAGE_RUN, session_id=session_id, client_message_id=client_message_id)
        if row is None:
            return None
        return message_from(row), run_view({column.name: row[f"run_{column.name}"] for column in RUNS.c})


class PostgresRunReader(RunReader):
    """Runs."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement

    async def find(self, owner_id: UserId, run_id: RunId, freshness: Freshness = Tolerance.FRESH) -> RunView | None:
        """Read the run."""
        row = await self._placement.of(owner_id, freshness).row(_RUN, run_id=run_id, owner_id=owner_id)
        return None if row is None else run_view(row)

    async def read_exchange(self, owner_id: UserId, run_id: RunId) -> Sequence[Message]:
        """Read the run's messages."""
        rows = await self._placement.of(owner_id).rows(_EXCHANGE, run_id=run_id, owner_id=owner_id)
        return [message_from(row) for row in rows]
