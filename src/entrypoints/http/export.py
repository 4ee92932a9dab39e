"""All that is stored of a user: /v1/users/me/export."""

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from application.export.export_user import ExportUser
from domain.users.limits import Plans
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.export_stream import ExportStream, OpenExports
from entrypoints.http.scopes import ACCOUNT


@get(
    "/", guards=[signed_in], opt=ACCOUNT, summary="Export your data",
    responses={200: ResponseSpec(None, description="A JSON object per line.", media_type="application/x-ndjson")},
)
async def export_me(
    request: SignedIn, export_user: UseCase[ExportUser], plans: UseCase[Plans], open_exports: UseCase[OpenExports],
    open_streams: UseCase[OpenStreams],
) -> Response[None]:
    """Send everything that is stored of the caller, one JSON object per line; without the last one, `end`, it was cut off."""
    open_exports.require_none(request.auth.user_id)
    return ExportStream(await export_user.execute(request.auth), plans, open_exports, open_streams)


area = Area("/v1/users/me/export", route_handlers=[export_me], tags=["users"])
