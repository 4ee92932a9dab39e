"""Keys for programs: /v1/api-keys."""

from litestar import Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from application.paging import PageRequest
from application.users.issue_api_key import IssueApiKey, IssueApiKeyCommand
from application.users.queries import ListApiKeys
from application.users.revoke_api_key import RevokeApiKey, RevokeApiKeyCommand
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.api_keys_wire import ApiKeyIn, ApiKeyOut, NewApiKeyOut
from entrypoints.http.areas import Area
from entrypoints.http.cookies import SECRET_ANSWER
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.origin import origin_of
from entrypoints.http.parameters import key_in_path, pages
from entrypoints.http.scopes import ACCOUNT
from entrypoints.http.wire import DeletedOut, ListOut, list_of


@post("/", opt=ACCOUNT, summary="Make an API key")
async def make_key(
    request: SignedIn, data: JSONBody[ApiKeyIn], issue_api_key: UseCase[IssueApiKey], once: KeyedOnce
) -> Response[NewApiKeyOut]:
    """Make a key; `key` is shown this once."""
    command = IssueApiKeyCommand(request.auth, data.name, data.scopes, data.expires_at, data.expires_in, once, origin_of(request))
    key, secret = await issue_api_key.execute(command)
    return Response(NewApiKeyOut.with_secret(key, secret), headers=SECRET_ANSWER)


@get("/", dependencies={"page": Provide(pages("key"), sync_to_thread=False)}, opt=ACCOUNT, summary="List your API keys")
async def list_keys(
    request: SignedIn, page: NamedDependency[PageRequest], list_api_keys: UseCase[ListApiKeys]
) -> ListOut[ApiKeyOut]:
    """Return the caller's keys without their secrets."""
    return list_of(await list_api_keys.execute(request.auth, page), ApiKeyOut.of)


@delete("/{key_id:str}", status_code=200, opt=ACCOUNT, summary="Revoke an API key")
async def delete_key(
    request: SignedIn, key_id: FromPath[str], revoke_api_key: UseCase[RevokeApiKey], once: KeyedOnce
) -> DeletedOut:
    """Take a key back; it is refused from now on."""
    wanted = key_in_path(key_id)
    await revoke_api_key.execute(RevokeApiKeyCommand(request.auth, wanted, once, origin_of(request)))
    return DeletedOut(wanted, "api_key")


area = Area(
    "/v1/api-keys", route_handlers=[make_key, list_keys, delete_key], guards=[signed_in],
    dependencies={"once": Provide(once_in("catalog"))}, tags=["api-keys"],
)
