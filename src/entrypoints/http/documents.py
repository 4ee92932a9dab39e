"""The OpenAPI document and the page that shows it: /schema/openapi.json and /docs. Both change with a release only."""

from typing import Any, Final

from litestar import Litestar, Request, Router, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import ScalarRenderPlugin
from litestar.serialization import encode_json

from entrypoints.http.description.document import document_of
from entrypoints.http.public_answer import PublicAnswer
from entrypoints.http.rendered import Rendered, RenderedAnswer

AnyRequest = Request[Any, Any, State]
_page: Final = ScalarRenderPlugin(path="/docs")
_KEYS: Final = ("documents",)
# What Scalar's page loads: its script and styles from a CDN, and our document. It makes styles as it runs.
_POLICY: Final = (
    b"default-src 'none'; script-src https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    b"font-src data: https://cdn.jsdelivr.net https://fonts.scalar.com; img-src 'self' data: https:; connect-src 'self'; "
    b"worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def schema_router() -> Router:
    """Return the router for what Litestar serves under /schema, with our answer for the document in its place."""
    rendered: Rendered[Litestar] = Rendered(lambda app: encode_json(document_of(app)))

    def document(request: AnyRequest) -> PublicAnswer | None:
        if not request.scope["path"].endswith("/openapi.json"):
            return None
        answer = rendered.render("schema", request.app)
        return PublicAnswer(answer, _KEYS, media_type="application/vnd.oai.openapi+json")

    return Router("/schema", route_handlers=[], include_in_schema=False, before_request=document)


def docs_page() -> HTTPRouteHandler:
    """Return the handler of the page, which is made once: making the schema anew takes tens of milliseconds."""
    made: list[RenderedAnswer] = []

    @get("/docs", include_in_schema=False, sync_to_thread=False)
    def docs(request: AnyRequest) -> PublicAnswer:
        """Return the page that shows the OpenAPI document."""
        if not made:
            made.append(RenderedAnswer(_page.render(request, document_of(request.app))))
        return PublicAnswer(made[0], _KEYS, media_type="text/html; charset=utf-8", policy=_POLICY)

    return docs
