"""HTTP to a model server: one pool of connections, and every failure as ModelFailed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
from yarl import URL

from application.ports.chat_model import ModelFailed

_IDLE_KEPT: Final = 15.0
_BROKEN_BEFORE_ANSWER: Final = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)


class ProviderConnection:
    """Requests below `url`, which is used as given; the session is made with the first one, in the loop that runs then."""

    def __init__(self, url: str, api_key: str | None, *, connect_timeout: float, connections: int) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._connect_timeout, self._connections = connect_timeout, connections
        self._session: aiohttp.ClientSession | None = None
        self.name = URL(url).authority.rpartition("@")[2]

    async def post(self, path: str, body: bytes) -> aiohttp.ClientResponse:
        """Return the answer as soon as its headers are there.

        A connection that is refused, or lost before those, is tried once more: a kept one may have gone stale.
        """
        with self.failing():
            try:
                return await self._post(path, body)
            except aiohttp.ServerTimeoutError:
                raise
            except _BROKEN_BEFORE_ANSWER:
                return await self._post(path, body)

    async def get(self, path: str, *, within: float, longest: int) -> tuple[int, bytes]:
        """Return the status and at most `longest` bytes of the answer's body, all of it within so many seconds."""
        with self.failing():
            async with asyncio.timeout(within), self._open().get(self._url + path, allow_redirects=False) as answer:
                return answer.status, await read_start(answer, longest)

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def secret(self) -> str | None:
        """The key that nobody may be told."""
        return self._api_key

    def failed(self, why: str, kind: type[ModelFailed] = ModelFailed) -> ModelFailed:
        """Return the failure to raise, with the provider's address."""
        return kind(f"{self.name} {why}")

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Turn what the client library raises into ModelFailed; its texts may hold parts of the answer and are left out."""
        try:
            yield
        except aiohttp.ConnectionTimeoutError as error:
            raise self.failed(f"let nobody connect within {self._connect_timeout:g} s") from error
        except TimeoutError as error:
            raise self.failed("did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            told = getattr(error, "strerror", None)
            raise self.failed(f"cannot be asked: {type(error).__name__}{f' ({told})' if told else ''}") from error

    async def _post(self, path: str, body: bytes) -> aiohttp.ClientResponse:
        return await self._open().post(
            self._url + path, data=body, allow_redirects=False,
            headers={"Content-Type": "application/json", "Accept": "text/event-stream"},
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Accept-Encoding": "identity"}
            if self._api_key:
                headers["Authorization"] = f"Bearer {self._api_key}"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_IDLE_KEPT),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=headers,
            )
        return self._session


async def read_start(answer: aiohttp.ClientResponse, longest: int) -> bytes:
    """Return at most `longest` bytes of the body."""
    parts, left = [], longest
    while left > 0 and (part := await answer.content.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
