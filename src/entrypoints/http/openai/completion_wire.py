"""What clients of OpenAI's are answered. A completion has whatever else its provider put into it."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from application.agents.views import AgentView
from application.completions.queries import NamedModel
from entrypoints.http.wire import Out


class ModelOut(Out, frozen=True):
    """An agent by its slug, or a provider's model; `created` is 0 where the provider does not say."""

    id: str
    created: int
    owned_by: str
    object: Literal["model"] = "model"

    @classmethod
    def of(cls, model: NamedModel) -> "ModelOut":
        """Return the body."""
        if isinstance(model, AgentView):
            return cls(model.slug, int(model.created_at.timestamp()), model.owner_id or "onelast")
        return cls(model.name, model.created, "provider")


class ModelsOut(Out, frozen=True):
    """All of them: this list has no pages."""

    data: Sequence[ModelOut]
    object: Literal["list"] = "list"


class CompletionMessageOut(Out, frozen=True):
    """What the model says."""

    role: str
    content: str | None = None
    tool_calls: Sequence[dict[str, Any]] | UnsetType = UNSET


class CompletionChoiceOut(Out, frozen=True):
    """The reply."""

    index: int
    message: CompletionMessageOut
    finish_reason: str | None


class CompletionUsageOut(Out, frozen=True):
    """Tokens, as the provider counted them, or estimates."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletionOut(Out, frozen=True):
    """A whole completion."""

    id: str
    created: int
    model: str
    choices: Sequence[CompletionChoiceOut]
    usage: CompletionUsageOut
    object: Literal["chat.completion"] = "chat.completion"
