"""The HTTP application, made from parts that are ready: no wiring, no settings, no start-up work."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, ScalarRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from application.ports.positions import Positions
from application.users.authenticate import Authenticate
from entrypoints.http import agents, api_keys, health, runs, sessions, sign_in, users
from entrypoints.http.envelope import Envelope, RecordRequest
from entrypoints.http.errors import HANDLERS
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.health import ReadComponents, RenderMetrics
from entrypoints.http.positions import TellsPositions

MOST_BODY_BYTES: Final = 1_048_576
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_AREAS: Final = (users, sign_in, api_keys, agents, sessions, runs, health)
_page: Final = ScalarRenderPlugin(path="/docs")


@dataclass(frozen=True, slots=True)
class HttpParts:
    """What the application is made of; `use_cases` by class, each being or standing in for an instance of it."""

    use_cases: Mapping[type, Any]
    open_streams: OpenStreams
    realtime: ASGIApp
    read_components: ReadComponents
    render_metrics: RenderMetrics
    record_request: RecordRequest
    positions: Positions


@get("/docs", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def docs(request: Request[Any, Any, State]) -> Response[bytes]:
    """Return the page that shows the OpenAPI document."""
    return Response(_page.render(request, request.app.openapi_schema.to_schema()), media_type=MediaType.HTML)


@get("/v1/realtime", include_in_schema=False, sync_to_thread=False)
def realtime_by_http() -> None:
    """Tell who lost the upgrade on the way; the socket itself never comes here."""
    missing = "Open a WebSocket here: this request came without 'Upgrade: websocket'."
    raise HTTPException(missing, status_code=426, headers={"upgrade": "websocket"})


def create_app(parts: HttpParts) -> ASGIApp:
    """Return the ASGI application."""
    provided = {_snake(kind.__name__): case for kind, case in parts.use_cases.items()} | {
        "open_streams": parts.open_streams,
        "read_components": parts.read_components,
        "render_metrics": parts.render_metrics,
    }
    app = Litestar(
        [*(module.area.router(provided) for module in _AREAS), docs, realtime_by_http],
        exception_handlers=HANDLERS,  # type: ignore[arg-type]
        logging_config=None,
        openapi_config=_openapi(),
        request_max_body_size=MOST_BODY_BYTES,
        state=State({"authenticate": parts.use_cases[Authenticate]}),
    )
    return Envelope(app, parts.realtime, parts.record_request, TellsPositions(parts.positions))


def _snake(name: str) -> str:
    return _CAPITAL.sub("_", name).lower()


def _openapi() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="An access token, or an API key.")
    return OpenAPIConfig(
        title="One Last AI", version=version("onelast"), path="/schema", use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes={"bearer": bearer}), security=[{"bearer": []}],
    )
