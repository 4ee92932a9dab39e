"""Responses: POST /v1/responses and what belongs to one. A response is a run, and goes by its identifier."""

from typing import Annotated, Any, Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from application.actor import Actor
from application.idempotency import RequestInProgress
from application.paging import PageRequest
from application.ports.run_log import RunFeed
from application.runs.cancel_run import CancelRun, CancelRunCommand
from application.runs.create_response import CreateResponse
from application.runs.delete_response import DeleteResponse, DeleteResponseCommand
from application.runs.queries import FollowRun
from application.runs.read_response import ReadResponse
from application.runs.views import ResponseView
from domain.sessions.message import Role
from domain.shared.errors import Invalid
from domain.shared.identifiers import RunId
from entrypoints.http.access import SignedIn, UseCase, replying, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.event_stream import EventStream, OpenStreams
from entrypoints.http.field_names import field_names
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.limits import hold_of
from entrypoints.http.openai.errors import HANDLERS, PAGING, refuse_query, unsupported
from entrypoints.http.openai.items import ItemOut
from entrypoints.http.openai.response_events import FROM_THE_START, ResponseEvents
from entrypoints.http.openai.response_shape import ResponseOut, response_out
from entrypoints.http.openai.responses_wire import ResponseIn
from entrypoints.http.parameters import pages, run_in_path
from entrypoints.http.positions import follows, freshness_of
from entrypoints.http.scopes import CHAT, READ
from entrypoints.http.wire import DeletedOut, ListOut

_STREAMING: Final = ("stream", "starting_after", "include_obfuscation")
_ANSWER: Final = ResponseSpec(ResponseOut, description="The response, or with `stream: true` its events.")


@post(
    "/", status_code=200, guards=[replying], opt=CHAT, summary="Create a response", responses={200: _ANSWER},
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def make_response(
    request: SignedIn, data: JSONBody[ResponseIn], create_response: UseCase[CreateResponse], follow_run: UseCase[FollowRun],
    read_response: UseCase[ReadResponse], open_streams: UseCase[OpenStreams], once: KeyedOnce,
) -> Response[Any]:
    """Have a reply made: as a stream, in the background, or waiting until it is whole. Who leaves only stops watching."""
    command = data.command(request.auth, once, hold_of(request))
    with field_names(content="input"):
        view: ResponseView = await create_response.execute(command)
    run_id, again = view.run.id, once is not None and once.replayed
    follows(request, run_id)
    if data.stream:
        feed = await follow_run.execute(request.auth, run_id, 0, view.run)
        return _stream(view, feed, open_streams)
    if data.background:
        return Response(response_out(view))
    if not again:
        feed = await follow_run.execute(request.auth, run_id, 0, view.run)
        await open_streams.see_out(feed)
        view = await read_response.execute(request.auth, run_id)
    if not view.run.status.terminal:
        raise RequestInProgress(f"The response {run_id} is still being made; retrieve it when it has ended.")
    return Response(response_out(view))


@get(
    "/{response_id:str}", opt=READ, summary="Retrieve a response", responses={200: _ANSWER},
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def read_one(
    request: SignedIn, response_id: FromPath[str], read_response: UseCase[ReadResponse], follow_run: UseCase[FollowRun],
    open_streams: UseCase[OpenStreams], stream: FromQuery[bool] = False, starting_after: FromQuery[int | None] = None,
    include_obfuscation: Annotated[bool, QueryParameter(schema_extra={"const": False})] = False,
) -> Response[Any]:
    """Return the response as it is now, or with `stream=true` its events with a number over `starting_after`, to the end."""
    run_id = run_in_path(response_id)
    view: ResponseView = await read_response.execute(request.auth, run_id, freshness_of(request))
    refuse_query(request, *_STREAMING)
    if include_obfuscation:
        raise unsupported("include_obfuscation")
    if not stream:
        if starting_after is not None:
            raise Invalid("'starting_after' is only allowed with 'stream=true'.", param="starting_after")
        return Response(response_out(view))
    feed = await follow_run.execute(request.auth, run_id, 0)
    return _stream(view, feed, open_streams, FROM_THE_START if starting_after is None else starting_after)


@post(
    "/{response_id:str}/cancel", status_code=200, opt=CHAT, summary="Cancel a response",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def stop(
    request: SignedIn, response_id: FromPath[str], read_response: UseCase[ReadResponse], cancel_run: UseCase[CancelRun],
    once: KeyedOnce,
) -> ResponseOut:
    """Stop the reply and keep the text so far; a response that has ended stays as it is."""
    run_id = await _own(request.auth, response_id, read_response)
    await cancel_run.execute(CancelRunCommand(request.auth, run_id, once))
    follows(request, run_id)
    return response_out(await read_response.execute(request.auth, run_id))


@delete(
    "/{response_id:str}", status_code=200, opt=CHAT, summary="Delete a response",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def remove(
    request: SignedIn, response_id: FromPath[str], delete_response: UseCase[DeleteResponse], once: KeyedOnce
) -> DeletedOut:
    """Take what was said and the reply out of the conversation; a reply that is being made is stopped."""
    run_id = run_in_path(response_id)
    await delete_response.execute(DeleteResponseCommand(request.auth, run_id, once))
    return DeletedOut(run_id, "response")


@get(
    "/{response_id:str}/input_items", opt=READ, summary="List a response's input items",
    dependencies={"page": Provide(pages("message"), sync_to_thread=False)},
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def read_input(
    request: SignedIn, response_id: FromPath[str], page: NamedDependency[PageRequest], read_response: UseCase[ReadResponse]
) -> ListOut[ItemOut]:
    """Return what the response answers: one message. What was said before it is in the conversation."""
    view: ResponseView = await read_response.execute(request.auth, run_in_path(response_id), freshness_of(request))
    refuse_query(request, *PAGING)
    beyond = page.cursor is not None
    if beyond and page.cursor != view.said.id:
        param = "after" if page.before is None else "before"
        raise Invalid(f"'{param}' is not an input item of this response.", param=param)
    items = [ItemOut.of(view.said)] if view.said.role is Role.USER and not beyond else []
    first = items[0].id if items else None
    return ListOut(items, first, first, has_more=False)


async def _own(actor: Actor, response_id: str, read_response: ReadResponse) -> RunId:
    """Return the identifier of a response that is there; one that was deleted can be neither stopped nor read."""
    return (await read_response.execute(actor, run_in_path(response_id))).run.id


def _stream(view: ResponseView, feed: RunFeed, streams: OpenStreams, after: int = FROM_THE_START) -> EventStream:
    return EventStream(feed, view.run.id, streams, encode=ResponseEvents(view, after), whole=True)


area = Area(
    "/v1/responses", guards=[signed_in], dependencies={"once": Provide(once_in("shard"))}, tags=["openai"],
    route_handlers=[make_response, read_one, stop, remove, read_input],
)
