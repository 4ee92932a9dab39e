"""Soft purges of one or more Varnish servers that run docker/varnish/default.vcl."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import aiohttp
from yarl import URL

from adapters.edge.options import WrongOption, only, required
from application.ports.edge import EdgeBusy, EdgeDialect, EdgePurger, PurgeRefused, require_keys
from domain.shared.errors import Unavailable

# Varnish takes 8 KB for one header unless it is told otherwise.
_LONGEST_HEADER: Final = 4_000
_PATIENCE_SECONDS: Final = 3.0
_NEVER: Final = {400, 413, 414, 431}
_LATER: Final = {429, 503}
_REASONS: Final = {401: "its secret is another", 403: "this address or the secret is not let in", 405: "it knows no PURGE"}
_SECRET: Final = re.compile(r"[!-~]{1,200}")
_ADDRESS: Final = re.compile(r"https?://[^/?#\s@]+/?")


class VarnishPurger(EdgePurger):
    """Tells all servers, and fails if one of them did not take it; whoever can be reached has been told by then."""

    dialect: Final = EdgeDialect("xkey")

    def __init__(self, urls: Sequence[str], secret: str, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._urls = [URL(url) for url in urls]
        self._headers = {"x-purge-secret": secret}
        self._timeout = aiohttp.ClientTimeout(total=patience)
        self._session: aiohttp.ClientSession | None = None

    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        """Purge everywhere at once."""
        require_keys(keys)
        batches = list(_batches(keys))
        outcomes = await asyncio.gather(*(self._tell(url, batches) for url in self._urls), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        # A server that may yet take it is worth a repetition, whatever another has said.
        for failure in sorted(failures, key=lambda one: isinstance(one, PurgeRefused)):
            raise failure

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _tell(self, url: URL, batches: Sequence[str]) -> None:
        try:
            for batch in batches:
                headers = {**self._headers, "xkey-purge": batch}
                async with self._open().request("PURGE", url, headers=headers, allow_redirects=False) as answer:
                    _require_taken(url, answer)
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise Unavailable(f"Varnish at {url.authority} gives no answer: {type(error).__name__}.") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def _require_taken(url: URL, answer: aiohttp.ClientResponse) -> None:
    if answer.status == 200 and "x-purged" in answer.headers:
        return
    if answer.status in _NEVER:
        raise PurgeRefused(f"Varnish at {url.authority} refuses the purge with {answer.status}.")
    after = answer.headers.get("retry-after", "")
    if answer.status in _LATER and after.isdecimal():
        raise EdgeBusy(f"Varnish at {url.authority} is busy.", float(after))
    raise Unavailable(f"Varnish at {url.authority} answers {answer.status}: {_REASONS.get(answer.status, 'it took no purge')}.")


def _batches(keys: Sequence[str]) -> Iterator[str]:
    """Yield the keys, each once, in headers of a bounded length."""
    header = ""
    for key in dict.fromkeys(keys):
        if header and len(header) + 1 + len(key) > _LONGEST_HEADER:
            yield header
            header = ""
        header = f"{header} {key}" if header else key
    if header:
        yield header


def open_edge(options: Mapping[str, str]) -> EdgePurger:
    """Return the purger of the servers in `url` (http://host:port, several with commas), which know the secret `token`."""
    only(options, "url", "token")
    urls = [url.strip() for url in required(options, "url").split(",") if url.strip()]
    if not urls or not all(_ADDRESS.fullmatch(url) for url in urls):
        raise WrongOption("url", "must be http://host:port of each Varnish, several with commas")
    token = required(options, "token")
    if _SECRET.fullmatch(token) is None:
        raise WrongOption("token", "must be 1 to 200 visible ASCII characters without spaces")
    return VarnishPurger(urls, token)
