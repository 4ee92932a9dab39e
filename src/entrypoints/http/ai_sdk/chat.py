"""The AI SDK dialect, for an unmodified `useChat`: /v1/ai-sdk/chat."""

from typing import Any

from litestar import Response, get, post
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from application.actor import Actor
from application.ports.run_log import RunFeed
from application.runs.find_active_run import FindActiveRun
from application.runs.queries import FollowRun
from application.runs.regenerate_reply import RegenerateReply, RegenerateReplyCommand
from application.runs.send_message import Accepted, SendMessage, SendMessageCommand
from application.runs.stop_reply import StopReply, StopReplyCommand
from application.sessions.open_chat import OpenChat, OpenChatCommand
from application.sessions.queries import FindChat
from domain.sessions.session import SessionNotFound
from domain.shared.errors import Conflict
from domain.shared.identifiers import RunId, SessionId
from entrypoints.http.access import SignedIn, UseCase, replying, signed_in
from entrypoints.http.ai_sdk.frames import HEAD, TAIL, UiMessageFrames
from entrypoints.http.ai_sdk.wire import ChatIn
from entrypoints.http.areas import Area
from entrypoints.http.event_stream import EventStream, OpenStreams
from entrypoints.http.field_names import field_names
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.limits import hold_of
from entrypoints.http.positions import follows
from entrypoints.http.scopes import CHAT, READ
from entrypoints.http.wire import RunOut

_STREAM = ResponseSpec(None, description="The reply as a UI message stream.", media_type="text/event-stream")
_NOTHING = ResponseSpec(None, description="No reply is being made.")


class MessageSent(Conflict):
    """What was said cannot be changed: there is no editing in a conversation."""

    code = "message_sent"


@post("/", guards=[replying], status_code=200, opt=CHAT, summary="Chat by useChat", responses={200: _STREAM})
async def post_chat(
    request: SignedIn, data: JSONBody[ChatIn], open_chat: UseCase[OpenChat], find_chat: UseCase[FindChat],
    send_message: UseCase[SendMessage], regenerate_reply: UseCase[RegenerateReply], follow_run: UseCase[FollowRun],
    open_streams: UseCase[OpenStreams], once: KeyedOnce,
) -> Response[Any]:
    """Say what is last in `messages`, or have the last reply made anew; the reply is streamed.

    The same message again (by its `id`) gets the same reply. A client that leaves only stops watching.
    """
    if data.trigger == "regenerate-message":
        known = await _known(find_chat, request.auth, data.id)
        command = RegenerateReplyCommand(request.auth, known, data.messageId, once, hold_of(request))
        accepted = await _regenerated(regenerate_reply, command)
    else:
        content, name = data.said()
        session = await open_chat.execute(OpenChatCommand(request.auth, data.id, data.agent_id))
        message = SendMessageCommand(request.auth, session.id, content, name, data.on_active, once, hold_of(request))
        accepted = await _sent(send_message, message)
    follows(request, accepted.run.id)
    again = once is not None and once.replayed
    feed = await follow_run.execute(request.auth, accepted.run.id, 0, None if again else accepted.run)
    return _stream(feed, accepted.run.id, accepted.run.session_id, open_streams)


@get("/{chat_id:str}/stream", opt=READ, summary="Resume a chat's reply", responses={200: _STREAM, 204: _NOTHING})
async def resume(
    request: SignedIn, chat_id: FromPath[str], find_chat: UseCase[FindChat], find_active_run: UseCase[FindActiveRun],
    follow_run: UseCase[FollowRun], open_streams: UseCase[OpenStreams],
) -> Response[Any]:
    """Stream the reply that is being made, from its start; 204 when none is, or the chat is not known yet."""
    session = await find_chat.execute(request.auth, chat_id)
    run_id = None if session is None else await find_active_run.execute(request.auth, session.id)
    if session is None or run_id is None:
        return Response(None, status_code=204)
    return _stream(await follow_run.execute(request.auth, run_id, 0), run_id, session.id, open_streams)


@post("/{chat_id:str}/stop", status_code=200, opt=CHAT, summary="Stop a chat's reply", responses={204: _NOTHING})
async def stop(
    request: SignedIn, chat_id: FromPath[str], find_chat: UseCase[FindChat], stop_reply: UseCase[StopReply], once: KeyedOnce
) -> Response[RunOut | None]:
    """Stop the reply that is being made and keep the text so far; whoever watches it is told. 204 when none is being made."""
    session = await find_chat.execute(request.auth, chat_id)
    run = None if session is None else (await stop_reply.execute(StopReplyCommand(request.auth, session.id, once))).run
    if run is None:
        return Response(None, status_code=204)
    follows(request, run.id)
    return Response(RunOut.of(run))


async def _known(find_chat: FindChat, actor: Actor, chat: str) -> SessionId:
    session = await find_chat.execute(actor, chat)
    if session is None:
        raise SessionNotFound(f"There is no chat {chat!r} yet.")
    return session.id


async def _sent(send_message: SendMessage, command: SendMessageCommand) -> Accepted:
    with field_names(client_message_id="messages", content="messages"):
        accepted = await send_message.execute(command)
    if accepted.message.content != command.content:
        raise MessageSent("This message was sent with another text; what was said cannot be changed.", param="messages")
    return accepted


async def _regenerated(regenerate_reply: RegenerateReply, command: RegenerateReplyCommand) -> Accepted:
    with field_names(message_id="messageId"):
        return await regenerate_reply.execute(command)


def _stream(feed: RunFeed, run_id: RunId, session_id: SessionId, streams: OpenStreams) -> EventStream:
    frames = UiMessageFrames(run_id, session_id)
    return EventStream(feed, run_id, streams, encode=frames, head=HEAD, tail=TAIL, whole=True)


area = Area(
    "/v1/ai-sdk/chat", route_handlers=[post_chat, resume, stop], guards=[signed_in],
    dependencies={"once": Provide(once_in("shard"))}, tags=["ai-sdk"],
)
