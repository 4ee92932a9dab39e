"""One container per process: base providers, then plugins and overrides, then what wraps them."""

from dishka import AsyncContainer, Provider, Scope, from_context, make_async_container
from dishka.entities.validation_settings import STRICT_VALIDATION

from adapters.telemetry.metrics import Metrics
from application.limits.admit_request import AdmitRequest
from application.ports.edge import EdgePurger
from application.ports.positions import Positions
from application.ports.run_bell import RunBell
from application.runs.cancel_run import CancelRun
from application.runs.queries import FollowRun
from application.runs.send_message import SendMessage
from application.users.authenticate import Authenticate
from domain.users.limits import Plans
from entrypoints.access_log import AccessLog
from entrypoints.http.app import HttpParts
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.health import ReadComponents, RenderMetrics
from entrypoints.http.manners import Manners
from entrypoints.http.origin import TrustedProxies
from entrypoints.http.positions import socket_headers
from entrypoints.http.shedding import Shedding
from entrypoints.ioc.accounts import AccountsProvider
from entrypoints.ioc.caching import CacheProvider, CachingDecorators
from entrypoints.ioc.edge import EdgeProvider
from entrypoints.ioc.erasure import ErasureProvider
from entrypoints.ioc.limits import CountingRefusals, LimitsProvider
from entrypoints.ioc.models import ModelsProvider
from entrypoints.ioc.observation import Observed
from entrypoints.ioc.oidc import OidcProvider
from entrypoints.ioc.postgres import PostgresProvider
from entrypoints.ioc.runs import RunsProvider
from entrypoints.ioc.system import SystemProvider
from entrypoints.ioc.telemetry import TelemetryProvider
from entrypoints.ioc.use_cases import OF_REQUESTS, OF_THE_SYSTEM, UseCasesProvider
from entrypoints.realtime.door import Realtime
from entrypoints.realtime.socket import SocketParts
from entrypoints.settings import Settings


class _SettingsProvider(Provider):
    settings = from_context(Settings, scope=Scope.APP)


def build_container(settings: Settings, *overrides: Provider) -> AsyncContainer:
    """Return the container; nothing is built before it is asked for. An override's sources say `override=True`."""
    base = (
        _SettingsProvider(), SystemProvider(), PostgresProvider(), CacheProvider(), EdgeProvider(), ModelsProvider(),
        OidcProvider(),
        RunsProvider(), LimitsProvider(), ErasureProvider(), AccountsProvider(), TelemetryProvider(), UseCasesProvider(),
    )
    return make_async_container(
        *base, *overrides, CachingDecorators(), CountingRefusals(), context={Settings: settings},
        validation_settings=STRICT_VALIDATION,
    )


async def build_everything(container: AsyncContainer) -> HttpParts:
    """Build every use case, so that what is missing stops the start, and return the parts of the HTTP application."""
    metrics = await container.get(Metrics)
    for case in OF_THE_SYSTEM:
        await container.get(case)
    cases = {case: Observed(await container.get(case), metrics) for case in OF_REQUESTS}
    shedding = await container.get(Shedding)
    streams, positions = await container.get(OpenStreams), await container.get(Positions)
    sockets = SocketParts(
        cases[Authenticate], cases[AdmitRequest], cases[SendMessage], cases[CancelRun], cases[FollowRun],
        await container.get(RunBell), streams, shedding, opening=socket_headers(positions),
    )
    return HttpParts(
        use_cases=cases,
        open_streams=streams,
        realtime=Realtime(sockets),
        read_components=await container.get(ReadComponents),
        render_metrics=_rendering(metrics),
        record_request=metrics.request,
        note_request=(await container.get(AccessLog)).note,
        positions=positions,
        edge=(await container.get(EdgePurger)).dialect,
        plans=await container.get(Plans),
        public_url=(await container.get(Settings)).public_url,
        manners=await container.get(Manners),
        proxies=await container.get(TrustedProxies),
        shedding=shedding,
    )


def _rendering(metrics: Metrics) -> RenderMetrics:
    async def render() -> bytes:
        return metrics.render()

    return render
