"""What can be named as a model: GET /v1/models."""

from litestar import get
from litestar.params import FromPath

from application.completions.queries import ListNamedModels, ReadNamedModel
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.openai.completion_wire import ModelOut, ModelsOut
from entrypoints.http.openai.errors import HANDLERS
from entrypoints.http.scopes import READ


@get("/", opt=READ, summary="List models", exception_handlers=HANDLERS)  # type: ignore[arg-type]
async def list_all(request: SignedIn, list_named_models: UseCase[ListNamedModels]) -> ModelsOut:
    """Return the caller's agents, the public ones, and the models of the providers."""
    return ModelsOut([ModelOut.of(model) for model in await list_named_models.execute(request.auth)])


@get("/{model_id:path}", opt=READ, summary="Read a model", exception_handlers=HANDLERS)  # type: ignore[arg-type]
async def read_one(request: SignedIn, model_id: FromPath[str], read_named_model: UseCase[ReadNamedModel]) -> ModelOut:
    """Return an agent by its slug or identifier, or a provider's model; its name may have slashes."""
    return ModelOut.of(await read_named_model.execute(model_id.removeprefix("/"), request.auth))


area = Area("/v1/models", route_handlers=[list_all, read_one], guards=[signed_in], tags=["openai"])
