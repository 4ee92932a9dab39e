"""Signing in and out: /v1/auth."""

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import JSONBody

from application.users.log_in import LogIn, LogInCommand
from application.users.log_out import LogOut, LogOutCommand
from application.users.refresh_tokens import RefreshTokens, RefreshTokensCommand
from application.users.tokens import TokenPair
from entrypoints.http.access import SignedIn, UseCase, signed_in, signing_in
from entrypoints.http.areas import Area
from entrypoints.http.cookies import SECRET_ANSWER, sign_in_cookies, sign_out_cookies
from entrypoints.http.idempotency import KeyedOnce, KeyHeader, once_for, once_in
from entrypoints.http.origin import origin_of
from entrypoints.http.own_errors import may_answer
from entrypoints.http.scopes import ACCOUNT
from entrypoints.http.users_wire import LogInIn, RefreshIn, TokensOut

AnyCaller = Request[None, None, State]


def _tokens(request: AnyCaller, pair: TokenPair) -> Response[TokensOut]:
    cookies = sign_in_cookies(request, pair.access_token, pair.expires_in)
    return Response(TokensOut.of(pair), cookies=cookies, headers=SECRET_ANSWER)


@post("/login", status_code=200, guards=[signing_in], summary="Sign in", responses=may_answer(401))
async def log_in_(
    request: AnyCaller, data: JSONBody[LogInIn], log_in: UseCase[LogIn], idempotency_key: KeyHeader = None
) -> Response[TokensOut]:
    """Exchange e-mail address and password for tokens."""
    once = None if idempotency_key is None else once_for(request, idempotency_key, told=data.email.encode())
    return _tokens(request, await log_in.execute(LogInCommand(data.email, data.password, once, origin_of(request))))


@post("/refresh", status_code=200, guards=[signing_in], summary="Renew tokens", responses=may_answer(401))
async def refresh(
    request: AnyCaller, data: JSONBody[RefreshIn], refresh_tokens: UseCase[RefreshTokens], idempotency_key: KeyHeader = None
) -> Response[TokensOut]:
    """Exchange a refresh token for new tokens; each is good once, and using one twice ends the sign-in.

    With an `Idempotency-Key` a repetition of the same request gets the same tokens again.
    """
    token, once = data.refresh_token, None
    if idempotency_key is not None:
        once = once_for(request, idempotency_key, told=token.encode(), secret=token)
    return _tokens(request, await refresh_tokens.execute(RefreshTokensCommand(token, once, origin_of(request))))


@post("/logout", status_code=204, guards=[signed_in], opt=ACCOUNT, summary="Sign out")
async def log_out_(request: SignedIn, log_out: UseCase[LogOut], once: KeyedOnce) -> Response[None]:
    """End this sign-in with all its tokens, the one of this request too: a repetition is a 401."""
    await log_out.execute(LogOutCommand(request.auth, once, origin_of(request)))
    return Response(None, cookies=sign_out_cookies(request))


area = Area(
    "/v1/auth", route_handlers=[log_in_, refresh, log_out_], dependencies={"once": Provide(once_in("catalog"))}, tags=["auth"]
)
