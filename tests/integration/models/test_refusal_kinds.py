"""What an answer's status means for whom to ask next."""

import pytest

from adapters.models.failures import ModelNotServed, RequestRefused
from application.ports.chat_model import ModelFailed
from tests.integration.models.asking import hear, model_at
from tests.integration.models.provider import Answer, serving, streaming, text, whole

TOO_LONG = b'{"error": {"message": "maximum context length exceeded"}}'


@pytest.mark.parametrize(("answer", "kind"), [
    *((whole(status, TOO_LONG), RequestRefused) for status in (400, 413, 422)),
    (whole(404, b"{}"), ModelNotServed),
    *((whole(status, b"{}"), ModelFailed) for status in (307, 401, 402, 403, 408, 429, 500, 503, 529)),
    (whole(200, b'{"error": "overloaded"}'), ModelFailed),
    (Answer((), "close"), ModelFailed),
    (streaming(text("some"), then="reset"), ModelFailed),
], ids=lambda value: value.__name__ if isinstance(value, type) else None)
async def test_refusals_are_told_apart(answer: Answer, kind: type[ModelFailed]) -> None:
    async with serving(answer) as provider, model_at(provider.url) as model:
        with pytest.raises(ModelFailed) as failed:
            await hear(model)
    assert type(failed.value) is kind
