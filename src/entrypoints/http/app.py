"""The HTTP application, made from parts that are ready: no wiring, no settings, no start-up work."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from application.agents.queries import ListAgents
from application.limits.admit_request import AdmitRequest
from application.ports.edge import EdgeDialect
from application.ports.positions import Positions
from application.sessions.queries import ListSessions, ReadMessages, ReadSession
from application.users.authenticate import Authenticate
from domain.users.limits import Plans
from entrypoints.access_log import NoteRequest
from entrypoints.http import (
    account,
    admin,
    agents,
    api_keys,
    export,
    health,
    oidc,
    runs,
    sessions,
    sharing,
    sign_in,
    usage,
    users,
)
from entrypoints.http.ai_sdk import chat
from entrypoints.http.allowed_methods import tell_methods
from entrypoints.http.catalogue import CatalogueAnswers
from entrypoints.http.compression import Compression
from entrypoints.http.documents import docs_page, schema_router
from entrypoints.http.envelope import Envelope, RecordRequest
from entrypoints.http.errors import HANDLERS
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.export_stream import OpenExports
from entrypoints.http.heads import AnswersHead
from entrypoints.http.health import ReadComponents, RenderMetrics
from entrypoints.http.hot_catalogue import HotCatalogue
from entrypoints.http.hot_reads import HotReads
from entrypoints.http.hot_writes import MOST_BODY_BYTES, HotWrites
from entrypoints.http.mail_pages import reset_password_page, verify_email_page
from entrypoints.http.manners import Manners
from entrypoints.http.openai import chat as completions
from entrypoints.http.openai import conversations, models, responses
from entrypoints.http.origin import TrustedProxies
from entrypoints.http.positions import TellsPositions
from entrypoints.http.shedding import Shedding, Sheds

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_AREAS: Final = (
    users, export, sign_in, account, oidc, api_keys, agents, sessions, sharing, runs, models, completions, responses,
    conversations, chat, usage, admin, health,
)


@dataclass(frozen=True, slots=True)
class HttpParts:
    """What the application is made of; `use_cases` by class, each being or standing in for an instance of it."""

    use_cases: Mapping[type, Any]
    open_streams: OpenStreams
    realtime: ASGIApp
    read_components: ReadComponents
    render_metrics: RenderMetrics
    record_request: RecordRequest
    note_request: NoteRequest
    positions: Positions
    edge: EdgeDialect
    manners: Manners
    proxies: TrustedProxies
    shedding: Shedding
    plans: Plans
    public_url: str | None


@get("/v1/realtime", include_in_schema=False, sync_to_thread=False)
def realtime_by_http() -> None:
    """Tell who lost the upgrade on the way; the socket itself never comes here."""
    missing = "Open a WebSocket here: this request came without 'Upgrade: websocket'."
    raise HTTPException(missing, status_code=426, headers={"upgrade": "websocket"})


def create_app(parts: HttpParts) -> ASGIApp:
    """Return the ASGI application."""
    catalogue, cases = CatalogueAnswers(), parts.use_cases
    provided = {_snake(kind.__name__): case for kind, case in parts.use_cases.items()} | {
        "catalogue_answers": catalogue,
        "open_streams": parts.open_streams,
        "plans": parts.plans,
        "open_exports": OpenExports(),
        "read_components": parts.read_components,
        "render_metrics": parts.render_metrics,
    }
    app = Litestar(
        [
            *(module.area.router(provided) for module in _AREAS), docs_page(), verify_email_page, reset_password_page,
            realtime_by_http,
        ],
        exception_handlers=HANDLERS,  # type: ignore[arg-type]
        logging_config=None,
        openapi_config=_openapi(),
        request_max_body_size=MOST_BODY_BYTES,
        state=State({
            "authenticate": cases[Authenticate], "admit_request": cases[AdmitRequest], "edge": parts.edge,
            "manners": parts.manners, "public_url": parts.public_url,
        }),
    )
    tell_methods(app)
    framework = AnswersHead(Compression(HotWrites(app, cases[Authenticate], cases[AdmitRequest], provided)))
    hot = HotReads(
        framework, cases[Authenticate], cases[AdmitRequest], cases[ListSessions], cases[ReadSession], cases[ReadMessages]
    )
    hot_catalogue = HotCatalogue(hot, cases[ListAgents], catalogue, parts.edge)
    return Envelope(
        Sheds(hot_catalogue, parts.shedding), parts.realtime, parts.record_request, parts.note_request,
        TellsPositions(parts.positions), parts.manners, parts.proxies,
    )


def _snake(name: str) -> str:
    return _CAPITAL.sub("_", name).lower()


def _openapi() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="An access token, or an API key.")
    return OpenAPIConfig(
        title="One Last AI", version=version("onelast"), openapi_router=schema_router(), use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes={"bearer": bearer}), security=[{"bearer": []}],
    )
