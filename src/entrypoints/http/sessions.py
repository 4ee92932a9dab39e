"""Conversations: /v1/sessions."""

from litestar import delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET

from application.paging import PageRequest
from application.sessions.delete_session import DeleteSession, DeleteSessionCommand
from application.sessions.edit_session import EditSession, EditSessionCommand
from application.sessions.open_session import OpenSession, OpenSessionCommand
from application.sessions.queries import ListSessions, ReadSession
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.messages import post_message, read_page
from entrypoints.http.own_errors import may_answer
from entrypoints.http.parameters import pages, session_in_path
from entrypoints.http.positions import freshness_of
from entrypoints.http.scopes import CHAT, READ
from entrypoints.http.wire import DeletedOut, ListOut, SessionIn, SessionOut, SessionPatchIn, list_of


@post("/", opt=CHAT, summary="Open a session", responses=may_answer(404))
async def make_session(
    request: SignedIn, data: JSONBody[SessionIn], open_session: UseCase[OpenSession], once: KeyedOnce
) -> SessionOut:
    """Open a session with an agent, named by identifier or slug."""
    command = OpenSessionCommand(request.auth, data.agent_id, data.title, data.metadata, once)
    return SessionOut.of(await open_session.execute(command))


@get("/", dependencies={"page": Provide(pages("session"), sync_to_thread=False)}, opt=READ, summary="List your sessions")
async def list_own(
    request: SignedIn, page: NamedDependency[PageRequest], list_sessions: UseCase[ListSessions],
    archived: FromQuery[bool | None] = None,
) -> ListOut[SessionOut]:
    """Return the caller's sessions; `archived` shows one kind only."""
    return list_of(await list_sessions.execute(request.auth, page, archived, freshness_of(request)), SessionOut.of)


@get("/{session_id:str}", opt=READ, summary="Read a session")
async def read_one(request: SignedIn, session_id: FromPath[str], read_session: UseCase[ReadSession]) -> SessionOut:
    """Return one of the caller's sessions."""
    return SessionOut.of(await read_session.execute(request.auth, session_in_path(session_id), freshness_of(request)))


@patch("/{session_id:str}", opt=CHAT, summary="Change a session")
async def patch_session(
    request: SignedIn, session_id: FromPath[str], data: JSONBody[SessionPatchIn], edit_session: UseCase[EditSession],
    once: KeyedOnce,
) -> SessionOut:
    """Change title, metadata or whether it is archived."""
    command = EditSessionCommand(
        request.auth, session_in_path(session_id),
        retitle=data.title is not UNSET, title=data.title or None,
        archived=None if data.archived is UNSET else data.archived,
        metadata=None if data.metadata is UNSET else data.metadata,
        once=once,
    )
    return SessionOut.of(await edit_session.execute(command))


@delete("/{session_id:str}", status_code=200, opt=CHAT, summary="Delete a session")
async def remove_session(
    request: SignedIn, session_id: FromPath[str], delete_session: UseCase[DeleteSession], once: KeyedOnce
) -> DeletedOut:
    """Delete a session with its messages and runs."""
    wanted = session_in_path(session_id)
    await delete_session.execute(DeleteSessionCommand(request.auth, wanted, once))
    return DeletedOut(wanted, "session")


area = Area(
    "/v1/sessions", guards=[signed_in], dependencies={"once": Provide(once_in("shard"))}, tags=["sessions"],
    route_handlers=[make_session, list_own, read_one, patch_session, remove_session, read_page, post_message],
)
