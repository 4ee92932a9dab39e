"""Asking a server for chat completions, and for its count of tokens unless it refuses to be asked for that."""

from collections.abc import Callable
from typing import Final

import aiohttp

from adapters.models.provider_connection import ProviderConnection, read_start

_REFUSAL_LONGEST: Final = 16 * 1024


class Refused(Exception):
    """The server answers otherwise than asked: its status, and the beginning of the body, which may quote the prompt."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Asking:
    """POST {url}/chat/completions; a server that refuses `stream_options` is asked without from then on."""

    def __init__(self, connection: ProviderConnection) -> None:
        self._connection = connection
        self._counts_usage = True

    async def ask(self, body_of: Callable[[bool], bytes], *, streamed: bool = True) -> aiohttp.ClientResponse:
        """Return the answer to read from; Refused, ModelFailed. `body_of` is told whether to ask for the usage of a stream."""
        counting = self._counts_usage and streamed
        answer = await self._connection.post("/chat/completions", body_of(counting))
        if answer.status == 200 and (answer.content_type != "application/json") == streamed:
            return answer
        try:
            body = await read_start(answer, _REFUSAL_LONGEST)
        finally:
            answer.close()
        if counting and answer.status in (400, 422) and b"stream_options" in body:
            self._counts_usage = False
            return await self.ask(body_of, streamed=streamed)
        raise Refused(answer.status, body)
