"""A run as OpenAI's clients know a response."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from application.runs.views import ResponseView
from domain.runs.run import Asked, RunError, RunStatus, Usage
from domain.sessions.message import Message, Role
from entrypoints.http.openai.items import ItemOut
from entrypoints.http.wire import Out

ResponseStatus = Literal["queued", "in_progress", "completed", "failed", "cancelled", "incomplete"]
_STATUSES: Final[Mapping[RunStatus, ResponseStatus]] = {
    RunStatus.QUEUED: "queued", RunStatus.STREAMING: "in_progress", RunStatus.COMPLETED: "completed",
    RunStatus.FAILED: "failed", RunStatus.CANCELLED: "cancelled",
}


class InputDetailsOut(Out, frozen=True):
    """Of the tokens read: no cache is told of."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputDetailsOut(Out, frozen=True):
    """Of the tokens written: none were thoughts."""

    reasoning_tokens: int = 0


class FormatOut(Out, frozen=True):
    """Text of any form."""

    type: Literal["text"] = "text"


class TextOut(Out, frozen=True):
    """How the text is formed."""

    format: FormatOut = FormatOut()


class ResponseUsageOut(Out, frozen=True):
    """Tokens; there are no others than those read and written."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: InputDetailsOut = InputDetailsOut()
    output_tokens_details: OutputDetailsOut = OutputDetailsOut()

    @classmethod
    def of(cls, usage: Usage) -> "ResponseUsageOut":
        """Return them."""
        return cls(usage.input_tokens, usage.output_tokens, usage.total)


class ResponseErrorOut(Out, frozen=True):
    """Why there is no whole reply; OpenAI's codes know no finer difference, the words do."""

    message: str
    code: Literal["server_error"] = "server_error"


class ResponseOut(Out, frozen=True):
    """A response; `id` is that of its run, and `conversation` its session."""

    id: str
    status: ResponseStatus
    created_at: int
    completed_at: int | None
    model: str
    output: Sequence[ItemOut]
    usage: ResponseUsageOut | None
    error: ResponseErrorOut | None
    incomplete_details: Mapping[str, str] | None
    instructions: str | None
    previous_response_id: str | None
    conversation: Mapping[str, str]
    metadata: Mapping[str, str]
    background: bool
    temperature: float | None
    top_p: float | None
    max_output_tokens: int | None
    object: Literal["response"] = "response"
    parallel_tool_calls: bool = True
    tool_choice: Literal["auto"] = "auto"
    tools: tuple[()] = ()
    text: TextOut = TextOut()
    reasoning: None = None
    truncation: Literal["auto"] = "auto"
    service_tier: Literal["default"] = "default"
    store: bool = True


def response_out(view: ResponseView) -> ResponseOut:
    """Return the response as it is stored."""
    run = view.run
    own = view.reply is not None and view.reply.role is Role.ASSISTANT
    return _shape(view, run.status, view.reply if own else None, run.usage, run.error)


def begun_out(view: ResponseView) -> ResponseOut:
    """Return the response as it was when the first word had not come yet, whatever has become of it since."""
    return _shape(view, RunStatus.STREAMING, None, None, None)


def ended_out(
    view: ResponseView, status: RunStatus, output: Message | ItemOut | None, usage: Usage | None, error: RunError | None
) -> ResponseOut:
    """Return the response as its end was told."""
    return _shape(view, status, output, usage, error)


def cut_short(view: ResponseView, usage: Usage | None) -> bool:
    """Whether the reply took every token that it might: then it was cut, so far as can be told from here."""
    sampling = view.options.sampling
    most = None if sampling is None else sampling.max_tokens
    return most is not None and usage is not None and usage.output_tokens == most


def _shape(
    view: ResponseView, ended: RunStatus, output: Message | ItemOut | None, usage: Usage | None, error: RunError | None
) -> ResponseOut:
    run, sampling = view.run, view.options.sampling
    asked = view.options.asked or Asked(view.agent_id)
    status = _STATUSES[ended]
    if ended is RunStatus.COMPLETED and cut_short(view, usage):
        status = "incomplete"
    item = ItemOut.of(output) if isinstance(output, Message) else output
    whole = output if isinstance(output, Message) and ended is RunStatus.COMPLETED else None
    return ResponseOut(
        run.id, status, int(run.created_at.timestamp()), None if whole is None else int(whole.created_at.timestamp()),
        asked.model, [] if item is None else [item], None if usage is None else ResponseUsageOut.of(usage),
        None if error is None else ResponseErrorOut(error.message),
        {"reason": "max_output_tokens"} if status == "incomplete" else None,
        asked.instructions, asked.previous, {"id": run.session_id}, asked.metadata, asked.background,
        None if sampling is None else sampling.temperature, None if sampling is None else sampling.top_p,
        None if sampling is None else sampling.max_tokens,
    )
