"""Users, for administrators: /v1/admin/users."""

from litestar import get, patch
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from application.paging import PageRequest
from application.users.admin_queries import ListUsers, ReadUser
from application.users.change_standing import ChangeStanding, ChangeStandingCommand
from domain.users.limits import Plans
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.admin_wire import AdminUserOut, StandingIn
from entrypoints.http.areas import Area
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.origin import origin_of
from entrypoints.http.parameters import pages, user_in_path
from entrypoints.http.scopes import ADMIN
from entrypoints.http.wire import ListOut, list_of


@get("/", dependencies={"page": Provide(pages("user"), sync_to_thread=False)}, opt=ADMIN, summary="List users")
async def list_all(
    page: NamedDependency[PageRequest], list_users: UseCase[ListUsers], plans: UseCase[Plans],
    email: FromQuery[str | None] = None,
) -> ListOut[AdminUserOut]:
    """Return users, the newest first, or with `email` the one with that address; for administrators."""
    return list_of(await list_users.execute(page, email), lambda user: AdminUserOut.of(user, plans))


@get("/{user_id:str}", opt=ADMIN, summary="Read a user")
async def read_one(user_id: FromPath[str], read_user: UseCase[ReadUser], plans: UseCase[Plans]) -> AdminUserOut:
    """Return a user; for administrators."""
    return AdminUserOut.of(await read_user.execute(user_in_path(user_id)), plans)


@patch("/{user_id:str}", opt=ADMIN, summary="Change a user's plan, limits or role")
async def patch_one(
    request: SignedIn, user_id: FromPath[str], data: JSONBody[StandingIn], change_standing: UseCase[ChangeStanding],
    plans: UseCase[Plans], once: KeyedOnce,
) -> AdminUserOut:
    """Change what is given; every node goes by it within a second. For administrators, who cannot give up their own role."""
    command = ChangeStandingCommand(
        request.auth, user_in_path(user_id),
        plan=None if isinstance(data.plan, UnsetType) else data.plan,
        role=None if isinstance(data.role, UnsetType) else data.role,
        limits=data.limit_changes(), budget=data.monthly_budget is not UNSET, monthly_budget=data.budget(), once=once,
        origin=origin_of(request),
    )
    return AdminUserOut.of(await change_standing.execute(command), plans)


area = Area(
    "/v1/admin/users", route_handlers=[list_all, read_one, patch_one], guards=[signed_in],
    dependencies={"once": Provide(once_in("catalog"))}, tags=["admin"],
)
