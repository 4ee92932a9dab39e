"""Chat completions: POST /v1/chat/completions, passed through and stored by nobody unless the caller says so."""

from litestar import Response, post
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from application.completions.complete_chat import CompleteChat, CompleteChatCommand
from application.completions.settlement import Passed
from domain.runs.run import RunStatus
from entrypoints.http.access import SignedIn, UseCase, replying
from entrypoints.http.areas import Area
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.limits import hold_of
from entrypoints.http.openai.chat_wire import ChatCompletionIn
from entrypoints.http.openai.completion_stream import CompletionStream, kept_at, settled
from entrypoints.http.openai.completion_wire import ChatCompletionOut
from entrypoints.http.openai.errors import HANDLERS
from entrypoints.http.openai.relabelling import Relabelled
from entrypoints.http.scopes import CHAT


@post(
    "/completions", status_code=200, opt=CHAT, summary="Complete a chat",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
    responses={
        200: ResponseSpec(
            ChatCompletionOut, description="The completion, or with `stream: true` its chunks, as the provider writes them."
        ),
    },
)
async def complete(
    request: SignedIn, data: JSONBody[ChatCompletionIn], complete_chat: UseCase[CompleteChat], once: KeyedOnce
) -> Response[bytes] | Response[None]:
    """Pass the messages to the model, or to an agent's model behind its persona, and the answer back."""
    data.check()
    command = CompleteChatCommand(
        request.auth, data.model, data.passed_messages(), data.options(), streamed=bool(data.stream),
        keeping=data.keeping(), once=once, hold=hold_of(request),
    )
    passed: Passed = await complete_chat.execute(command)
    if data.stream:
        return CompletionStream(passed, tells_usage=data.tells_usage)
    return await _whole(passed)


async def _whole(passed: Passed) -> Response[bytes]:
    """Answer with what has come; who left while it was made pays for it all the same."""
    body = b"".join([piece async for piece in passed.opened.pieces()])
    usage = await settled(passed, RunStatus.COMPLETED)
    relabelled = Relabelled(passed.id, passed.asked, int(passed.created_at.timestamp()))
    return Response(relabelled.whole(body, usage), media_type="application/json", headers=kept_at(passed))


area = Area(
    "/v1/chat", route_handlers=[complete], guards=[replying], dependencies={"once": Provide(once_in("shard"))},
    tags=["openai"],
)
