"""Signing in and out: /v1/auth."""

from litestar import Request, Response, Router, post
from litestar.datastructures import State
from litestar.params import JSONBody

from application.users.log_in import LogIn, LogInCommand
from application.users.log_out import LogOut, LogOutCommand
from application.users.refresh_tokens import RefreshTokens, RefreshTokensCommand
from application.users.tokens import TokenPair
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.cookies import sign_in_cookies, sign_out_cookies
from entrypoints.http.wire import LogInIn, RefreshIn, TokensOut

AnyCaller = Request[None, None, State]


def _tokens(request: AnyCaller, pair: TokenPair) -> Response[TokensOut]:
    return Response(TokensOut.of(pair), cookies=sign_in_cookies(request, pair.access_token, pair.expires_in))


@post("/login", status_code=200, summary="Sign in")
async def log_in_(request: AnyCaller, data: JSONBody[LogInIn], log_in: UseCase[LogIn]) -> Response[TokensOut]:
    """Exchange e-mail address and password for tokens."""
    return _tokens(request, await log_in.execute(LogInCommand(data.email, data.password)))


@post("/refresh", status_code=200, summary="Renew tokens")
async def refresh(request: AnyCaller, data: JSONBody[RefreshIn], refresh_tokens: UseCase[RefreshTokens]) -> Response[TokensOut]:
    """Exchange a refresh token for new tokens; each is good once, and using one twice ends the sign-in."""
    return _tokens(request, await refresh_tokens.execute(RefreshTokensCommand(data.refresh_token)))


@post("/logout", status_code=204, guards=[signed_in], summary="Sign out")
async def log_out_(request: SignedIn, log_out: UseCase[LogOut]) -> Response[None]:
    """End this sign-in with all its tokens."""
    await log_out.execute(LogOutCommand(request.auth))
    return Response(None, cookies=sign_out_cookies())


router = Router("/v1/auth", route_handlers=[log_in_, refresh, log_out_], tags=["auth"])
