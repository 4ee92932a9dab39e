"""What one's replies took: /v1/usage."""

from datetime import date
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from application.analytics.read_usage import ReadUsage
from domain.shared.errors import Invalid
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.positions import freshness_of
from entrypoints.http.scopes import READ
from entrypoints.http.usage_wire import UsageOut

_FORMAT = {"format": "date"}
First = Annotated[str | None, QueryParameter(name="from", schema_extra=_FORMAT, description="The first UTC day.")]
Last = Annotated[str | None, QueryParameter(name="to", schema_extra=_FORMAT, description="The last UTC day.")]


@get("/", opt=READ, summary="Read your usage")
async def read_own_usage(
    request: SignedIn, read_usage: UseCase[ReadUsage], first: First = None, last: Last = None
) -> UsageOut:
    """Return tokens and cost per day, agent and model, of this month or of the days named (92 at most)."""
    report = await read_usage.execute(request.auth, _day(first, "from"), _day(last, "to"), freshness_of(request))
    return UsageOut.of(report)


def _day(text: str | None, param: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"'{param}' must be a day like 2026-01-31.", param=param) from None


area = Area("/v1/usage", route_handlers=[read_own_usage], guards=[signed_in], tags=["usage"])
