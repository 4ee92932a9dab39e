"""Signing in elsewhere: /v1/auth/oidc."""

from typing import Annotated, Any, Final

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from application.users.begin_oidc_sign_in import BeginOidcSignIn, BeginOidcSignInCommand
from application.users.finish_oidc_sign_in import FinishedSignIn, FinishOidcSignIn, FinishOidcSignInCommand
from application.users.list_providers import ListProviders
from application.users.oidc_ticket import LIFETIME
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.cookies import SECRET_ANSWER, over_tls, sign_in_cookies
from entrypoints.http.oidc_wire import LinkIn, LinkOut, ProviderOut
from entrypoints.http.origin import origin_of
from entrypoints.http.scopes import ACCOUNT
from entrypoints.http.users_wire import TokensOut
from entrypoints.http.wire import ListOut

AnyCaller = Request[None, Any, State]
_PATH: Final = "/v1/auth/oidc"
_SEE: Final = ResponseSpec(None, description="On to the provider, or back to the page asked for.", media_type="text/plain")
Code = Annotated[str | None, QueryParameter(name="code", description="What the provider hands over for a sign-in.")]
Stated = Annotated[str | None, QueryParameter(name="state", description="What ties the answer to the browser that asked.")]
Failure = Annotated[str | None, QueryParameter(name="error", description="Why the provider signed nobody in.")]


@get("/", summary="List where one can sign in")
async def list_them(list_providers: UseCase[ListProviders]) -> ListOut[ProviderOut]:
    """Return the providers; `url` begins a sign-in in a browser."""
    data = [ProviderOut(name, f"{_PATH}/{name}") for name in await list_providers.execute()]
    return ListOut(data, data[0].id if data else None, data[-1].id if data else None, has_more=False)


@get("/{name:str}", responses={302: _SEE}, summary="Sign in elsewhere")
async def begin(
    request: AnyCaller, name: FromPath[str], begin_oidc_sign_in: UseCase[BeginOidcSignIn], return_to: FromQuery[str] = "/"
) -> Response[None]:
    """Send the browser to the provider; it comes back to `return_to`, a path on this site."""
    command = BeginOidcSignInCommand(name, _callback(request, name), return_to, origin=origin_of(request))
    begun = await begin_oidc_sign_in.execute(command)
    return Response(None, status_code=302, headers={"location": begun.address}, cookies=[_ticket(request, name, begun.ticket)])


@post("/{name:str}/link", guards=[signed_in], opt=ACCOUNT, status_code=200, summary="Link a sign-in elsewhere")
async def link(
    request: SignedIn, name: FromPath[str], data: JSONBody[LinkIn], begin_oidc_sign_in: UseCase[BeginOidcSignIn]
) -> Response[LinkOut]:
    """Return the address to open in this browser, so that who signs in there opens the caller's account from then on."""
    command = BeginOidcSignInCommand(name, _callback(request, name), data.return_to, request.auth, origin_of(request))
    begun = await begin_oidc_sign_in.execute(command)
    return Response(LinkOut(begun.address), cookies=[_ticket(request, name, begun.ticket)])


@get(
    "/{name:str}/callback", summary="Come back from a sign-in elsewhere",
    responses={200: ResponseSpec(TokensOut, description="With `Accept: application/json`: the tokens."), 302: _SEE},
)
async def finish(
    request: AnyCaller, name: FromPath[str], finish_oidc_sign_in: UseCase[FinishOidcSignIn],
    code: Code = None, stated: Stated = None, error: Failure = None,
) -> Response[Any]:
    """Sign in whom the provider vouches for, and make an account for who has none; the provider sends browsers here."""
    ticket = request.cookies.get(_cookie(name))
    command = FinishOidcSignInCommand(name, code, stated, ticket, error, origin_of(request))
    finished = await finish_oidc_sign_in.execute(command)
    return _answer(request, name, finished)


def _answer(request: AnyCaller, name: str, finished: FinishedSignIn) -> Response[Any]:
    pair = finished.pair
    cookies = [] if pair is None else sign_in_cookies(request, pair.access_token, pair.expires_in)
    cookies.append(_ticket(request, name, ""))
    accept = request.headers.get("accept", "")
    if pair is not None and "application/json" in accept and "text/html" not in accept:
        return Response(TokensOut.of(pair), cookies=cookies, headers=SECRET_ANSWER)
    return Response(None, status_code=302, headers={"location": finished.return_to, **SECRET_ANSWER}, cookies=cookies)


def _callback(request: AnyCaller | SignedIn, name: str) -> str:
    """Return our address that the provider sends browsers back to, which it has to know beforehand."""
    base = request.app.state.public_url or str(request.base_url)
    return f"{base.rstrip('/')}{_PATH}/{name}/callback"


def _cookie(name: str) -> str:
    return f"ola_oidc_{name}"


def _ticket(request: AnyCaller | SignedIn, name: str, ticket: str) -> Cookie:
    """Return the cookie that holds the ticket, and goes to no other path; an empty ticket removes it."""
    lifetime = int(LIFETIME.total_seconds()) if ticket else 0
    return Cookie(
        _cookie(name), path=f"{_PATH}/{name}/callback", value=ticket, max_age=lifetime, httponly=True,
        secure=over_tls(request), samesite="lax",
    )


area = Area(_PATH, route_handlers=[list_them, begin, link, finish], tags=["auth"])
