"""Links to sessions: /v1/sessions/{id}/share for their owners, /v1/shared/{token} for everybody."""

from litestar import Response, delete, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody

from application.reactions.edge_keys import share_edge_key
from application.sessions.queries import ReadShare, ReadShared
from application.sessions.revoke_share import RevokeShare, RevokeShareCommand
from application.sessions.share_session import ShareSession, ShareSessionCommand
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.parameters import session_in_path
from entrypoints.http.positions import freshness_of
from entrypoints.http.public_answer import PublicAnswer
from entrypoints.http.scopes import CHAT, READ
from entrypoints.http.sharing_wire import SharedOut, ShareIn, ShareOut
from entrypoints.http.wire import DeletedOut


@post("/v1/sessions/{session_id:str}/share", guards=[signed_in], opt=CHAT, summary="Share a session")
async def make_link(
    request: SignedIn, session_id: FromPath[str], share_session: UseCase[ShareSession], once: KeyedOnce,
    data: JSONBody[ShareIn | None] = None,  # noqa: ARG001  (a field in it is refused)
) -> ShareOut:
    """Make a link to what has been said so far; a session that is shared keeps its link, which shows what is there now."""
    return ShareOut.of(await share_session.execute(ShareSessionCommand(request.auth, session_in_path(session_id), once)))


@get("/v1/sessions/{session_id:str}/share", guards=[signed_in], opt=READ, summary="Read a session's link")
async def read_link(request: SignedIn, session_id: FromPath[str], read_share: UseCase[ReadShare]) -> ShareOut:
    """Return the link to one of the caller's sessions."""
    return ShareOut.of(await read_share.execute(request.auth, session_in_path(session_id), freshness_of(request)))


@delete("/v1/sessions/{session_id:str}/share", guards=[signed_in], status_code=200, opt=CHAT, summary="Share a session no longer")
async def revoke_link(
    request: SignedIn, session_id: FromPath[str], revoke_share: UseCase[RevokeShare], once: KeyedOnce
) -> DeletedOut:
    """End the link for ever; sharing the session again makes another."""
    revoked = await revoke_share.execute(RevokeShareCommand(request.auth, session_in_path(session_id), once))
    return DeletedOut(revoked.id, "share")


@get("/v1/shared/{token:str}", summary="Read a shared session")
async def read_page(
    token: FromPath[str], read_shared: UseCase[ReadShared], limit: FromQuery[int] = 20, after: FromQuery[int] = 0
) -> Response[SharedOut]:
    """Return what the link shows, with its messages after the `seq` given, oldest first; no sign-in is needed."""
    shared = await read_shared.execute(token, after, limit)
    return PublicAnswer(SharedOut.of(shared), [share_edge_key(shared.id)], revocable=True)


area = Area(
    "/", route_handlers=[make_link, read_link, revoke_link, read_page], dependencies={"once": Provide(once_in("shard"))},
    tags=["sharing"],
)
