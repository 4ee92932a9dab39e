"""What is said in a session: /v1/sessions/{id}/messages."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from application.idempotency import RequestInProgress
from application.paging import PageRequest
from application.runs.queries import FollowRun, ReadReply, ReadRun
from application.runs.send_message import Accepted, SendMessage, SendMessageCommand
from application.sessions.queries import ReadMessages
from entrypoints.http.access import SignedIn, UseCase, replying
from entrypoints.http.event_stream import EventStream, OpenStreams
from entrypoints.http.idempotency import KeyedOnce
from entrypoints.http.limits import hold_of
from entrypoints.http.parameters import pages, session_in_path
from entrypoints.http.positions import follows, freshness_of
from entrypoints.http.scopes import CHAT, READ
from entrypoints.http.wire import AcceptedOut, ListOut, MessageIn, MessageOut, ReplyOut, RunOut, list_of


@get(
    "/{session_id:str}/messages", opt=READ, summary="Read messages",
    dependencies={"page": Provide(pages("message"), sync_to_thread=False)},
)
async def read_page(
    request: SignedIn, session_id: FromPath[str], page: NamedDependency[PageRequest], read_messages: UseCase[ReadMessages]
) -> ListOut[MessageOut]:
    """Return a page of messages by their number."""
    wanted = session_in_path(session_id)
    return list_of(await read_messages.execute(request.auth, wanted, page, freshness_of(request)), MessageOut.of)


@post(
    "/{session_id:str}/messages", guards=[replying], opt=CHAT, summary="Say something",
    responses={
        200: ResponseSpec(None, description="With `stream: true`: the run's events.", media_type="text/event-stream"),
        201: ResponseSpec(ReplyOut, description="The message, the reply and its run, when the run has ended."),
        202: ResponseSpec(AcceptedOut, description="With `Prefer: respond-async`: accepted; `Location` names the run."),
    },
)
async def post_message(
    request: SignedIn, session_id: FromPath[str], data: JSONBody[MessageIn], send_message: UseCase[SendMessage],
    follow_run: UseCase[FollowRun], read_run: UseCase[ReadRun], read_reply: UseCase[ReadReply],
    open_streams: UseCase[OpenStreams], once: KeyedOnce,
) -> Response[Any]:
    """Store the message and have the agent reply: as a stream, at once with a run to follow, or when the reply is whole."""
    accepted = await send_message.execute(
        SendMessageCommand(
            request.auth, session_in_path(session_id), data.parts(), data.client_message_id, data.on_active, once,
            hold_of(request),
        )
    )
    follows(request, accepted.run.id)
    if not data.stream and "respond-async" in request.headers.get("prefer", ""):
        return _accepted(accepted)
    again = once is not None and once.replayed
    if data.stream or not again:
        feed = await follow_run.execute(request.auth, accepted.run.id, 0, None if again else accepted.run)
        if data.stream:
            return EventStream(feed, accepted.run.id, open_streams)
        await open_streams.see_out(feed)
    run = await read_run.execute(request.auth, accepted.run.id)
    if not run.status.terminal:
        raise RequestInProgress(f"The reply to this request is still being made; follow it at /v1/runs/{run.id}/events.")
    reply = await read_reply.execute(request.auth, run.id)
    return Response(ReplyOut(MessageOut.of(accepted.message), None if reply is None else MessageOut.of(reply), RunOut.of(run)))


def _accepted(accepted: Accepted) -> Response[AcceptedOut]:
    headers = {"location": f"/v1/runs/{accepted.run.id}", "preference-applied": "respond-async"}
    body = AcceptedOut(MessageOut.of(accepted.message), RunOut.of(accepted.run))
    return Response(body, status_code=202, headers=headers)
