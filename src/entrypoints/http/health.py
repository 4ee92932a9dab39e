"""Probes and measurements."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from litestar import MediaType, Response, get
from litestar.openapi.datastructures import ResponseSpec

from entrypoints.http.access import UseCase
from entrypoints.http.areas import Area
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.wire import ComponentOut, ReadinessOut

ReadComponents = Callable[[], Awaitable[Sequence[ComponentOut]]]
RenderMetrics = Callable[[], Awaitable[bytes]]
# Every node would leave the rotation at once, and no request needs them to be answered.
_DISPENSABLE: Final = ("cache", "models")


@get("/livez", media_type=MediaType.TEXT, sync_to_thread=False, summary="Is the process alive?")
def livez() -> str:
    """Answer as long as the event loop turns."""
    return "ok"


@get(
    "/readyz", summary="Can this node serve?",
    responses={503: ResponseSpec(ReadinessOut, description="It cannot; `components` tells why.")},
)
async def readyz(read_components: UseCase[ReadComponents], open_streams: UseCase[OpenStreams]) -> Response[ReadinessOut]:
    """Answer 200 when the dependencies that requests need work, else 503; `components` tells which does not."""
    components = list(await read_components())
    if open_streams.draining:
        components.append(ComponentOut("server", False, "The node is shutting down."))
    ready = _ready(components)
    return Response(ReadinessOut(ready, components), status_code=200 if ready else 503)


def _ready(components: Sequence[ComponentOut]) -> bool:
    """Tell whether somebody can be served: a shard that is away takes only its own users with it."""
    shards = [component.ok for component in components if component.name.startswith("shard ")]
    others = [component.ok for component in components if not component.name.startswith(("shard ", *_DISPENSABLE))]
    return all(others) and (any(shards) or not shards)


@get(
    "/metrics", summary="Prometheus measurements",
    responses={200: ResponseSpec(None, description="Prometheus' text format.", media_type="text/plain; version=0.0.4")},
)
async def metrics(render_metrics: UseCase[RenderMetrics]) -> Response[bytes]:
    """Return Prometheus' text format."""
    return Response(await render_metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


area = Area("/", route_handlers=[livez, readyz, metrics], tags=["health"])
