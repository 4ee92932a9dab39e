"""Replies being made: /v1/runs."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter

from application.runs.cancel_run import CancelRun, CancelRunCommand
from application.runs.queries import FollowRun, ReadRun
from domain.shared.errors import Invalid
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.event_stream import EventStream, OpenStreams
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.parameters import run_in_path
from entrypoints.http.positions import follows, freshness_of
from entrypoints.http.scopes import CHAT, READ
from entrypoints.http.wire import RunOut


@get("/{run_id:str}", opt=READ, summary="Read a run")
async def read_one(request: SignedIn, run_id: FromPath[str], read_run: UseCase[ReadRun]) -> RunOut:
    """Return one of the caller's runs."""
    return RunOut.of(await read_run.execute(request.auth, run_in_path(run_id), freshness_of(request)))


@post("/{run_id:str}/cancel", status_code=200, opt=CHAT, summary="Stop a run")
async def stop_run(request: SignedIn, run_id: FromPath[str], cancel_run: UseCase[CancelRun], once: KeyedOnce) -> RunOut:
    """Stop the reply and keep the text so far; a run that has ended stays as it is."""
    run = await cancel_run.execute(CancelRunCommand(request.auth, run_in_path(run_id), once))
    follows(request, run.id)
    return RunOut.of(run)


@get(
    "/{run_id:str}/events", opt=READ, summary="Follow a run",
    responses={200: ResponseSpec(None, description="The run's events.", media_type="text/event-stream")},
)
async def read_events(
    request: SignedIn, run_id: FromPath[str], follow_run: UseCase[FollowRun], open_streams: UseCase[OpenStreams],
    starting_after: FromQuery[int | None] = None,
    last_event_id: Annotated[
        str | None, HeaderParameter(
            name="last-event-id", schema_extra={"pattern": "^(-?[0-9]{1,18})?$"}, description="The last `seq` seen."
        ),
    ] = None,
) -> Response[None]:
    """Stream all events with a `seq` over the cursor, from the start by default (or with −1), to the terminal `end`."""
    run = run_in_path(run_id)
    feed = await follow_run.execute(request.auth, run, _cursor(starting_after, last_event_id))
    return EventStream(feed, run, open_streams)


def _cursor(starting_after: int | None, last_event_id: str | None) -> int:
    if starting_after is not None:
        return starting_after
    if last_event_id is None or not last_event_id.strip():
        return 0
    try:
        return int(last_event_id)
    except ValueError:
        raise Invalid("'Last-Event-ID' must be the number of an event.", param="Last-Event-ID") from None


area = Area(
    "/v1/runs", route_handlers=[read_one, stop_run, read_events], guards=[signed_in],
    dependencies={"once": Provide(once_in("shard"))}, tags=["runs"],
)
