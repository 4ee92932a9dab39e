"""How a provider fails, which decides who is asked next; what is a plain ModelFailed is the provider's own trouble."""

from typing import Final

from application.ports.chat_model import ModelFailed


class RequestRefused(ModelFailed):
    """The request itself is at fault (too long, malformed): the provider is well, and another would say the same."""


class ModelNotServed(ModelFailed):
    """The provider is well and does not know the model; another may."""


_BY_STATUS: Final[dict[int, type[ModelFailed]]] = {
    400: RequestRefused, 404: ModelNotServed, 413: RequestRefused, 422: RequestRefused,
}


def failure_of(status: int) -> type[ModelFailed]:
    """Return the failure that an HTTP status means."""
    return _BY_STATUS.get(status, ModelFailed)
