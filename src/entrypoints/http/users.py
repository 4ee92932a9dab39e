"""Accounts: /v1/users."""

from litestar import Request, Response, delete, get, patch, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import JSONBody
from msgspec import json

from application.erasure.erase_user import EraseUser, EraseUserCommand
from application.users.queries import ReadProfile
from application.users.register_user import RegisterUser, RegisterUserCommand
from application.users.rename_user import RenameUser, RenameUserCommand
from domain.users.limits import Plans
from entrypoints.http.access import SignedIn, UseCase, signed_in, signing_in
from entrypoints.http.areas import Area
from entrypoints.http.cookies import SECRET_ANSWER, sign_in_cookies, sign_out_cookies
from entrypoints.http.idempotency import KeyedOnce, KeyHeader, once_for, once_in
from entrypoints.http.origin import origin_of
from entrypoints.http.scopes import ACCOUNT, READ
from entrypoints.http.users_wire import SignedUpOut, SignUpIn, UserOut, UserPatchIn
from entrypoints.http.wire import DeletedOut


@post("/", guards=[signing_in], summary="Sign up")
async def sign_up(
    request: Request[None, None, State], data: JSONBody[SignUpIn], register_user: UseCase[RegisterUser],
    plans: UseCase[Plans], idempotency_key: KeyHeader = None,
) -> Response[SignedUpOut]:
    """Make an account and sign it in."""
    told = json.encode((data.email, data.name))
    once = None if idempotency_key is None else once_for(request, idempotency_key, told=told)
    user, pair = await register_user.execute(RegisterUserCommand(data.email, data.password, data.name, once, origin_of(request)))
    body = SignedUpOut(UserOut.of(user, plans), pair.access_token, pair.refresh_token, pair.expires_in)
    return Response(body, cookies=sign_in_cookies(request, pair.access_token, pair.expires_in), headers=SECRET_ANSWER)


@get("/me", guards=[signed_in], opt=READ, summary="Read your profile")
async def read_me(request: SignedIn, read_profile: UseCase[ReadProfile], plans: UseCase[Plans]) -> UserOut:
    """Return the caller's profile."""
    return UserOut.of(await read_profile.execute(request.auth), plans)


@patch("/me", guards=[signed_in], opt=ACCOUNT, summary="Change your profile")
async def patch_me(
    request: SignedIn, data: JSONBody[UserPatchIn], rename_user: UseCase[RenameUser], plans: UseCase[Plans],
    once: KeyedOnce,
) -> UserOut:
    """Change the display name."""
    return UserOut.of(await rename_user.execute(RenameUserCommand(request.auth, data.name, once)), plans)


@delete("/me", guards=[signed_in], status_code=200, opt=ACCOUNT, summary="Erase your account")
async def delete_me(request: SignedIn, erase_user: UseCase[EraseUser], once: KeyedOnce) -> Response[DeletedOut]:
    """Erase the account and all it owns, what was answered to it too: a repetition finds nobody, which is a 401."""
    await erase_user.execute(EraseUserCommand(request.auth, once))
    return Response(DeletedOut(request.auth.user_id, "user"), cookies=sign_out_cookies(request))


area = Area(
    "/v1/users", route_handlers=[sign_up, read_me, patch_me, delete_me],
    dependencies={"once": Provide(once_in("catalog"))}, tags=["users"],
)
