"""Reading the mail that a running application sends."""

import re
from collections.abc import Sequence

import httpx
from dishka import AsyncContainer, Provider, Scope, provide
from litestar.types import ASGIApp

from adapters.memory.notifier import MemoryNotifier
from application.ports.notifier import Letter, Notifier
from application.reactions.relay import RelayOutbox

_LINK = re.compile(r"\S+/(verify-email|reset-password)#token=(\S+)")


class KeptLetters(Provider):
    """Letters stay here."""

    scope = Scope.APP

    def __init__(self) -> None:
        super().__init__()
        self.kept = MemoryNotifier()

    @provide(override=True)
    def notifier(self) -> Notifier:
        return self.kept


class Mailbox:
    """The letters of everybody."""

    def __init__(self, container: AsyncContainer, letters: Sequence[Letter]) -> None:
        self._container, self._letters = container, letters

    async def letters_to(self, email: str) -> list[Letter]:
        """Have all that waits be sent, and return what was sent to this address."""
        relay = await self._container.get(RelayOutbox)
        while await relay.execute():
            pass
        return [letter for letter in self._letters if letter.to == email]

    async def token_to(self, email: str, page: str) -> str:
        """Return the token in the latest letter with a link to this page."""
        links = [_LINK.search(letter.text) for letter in await self.letters_to(email)]
        return [link[2] for link in links if link is not None and link[1] == page][-1]


def client_at(address: str, asgi: ASGIApp, device: str = "Test/1.0") -> httpx.AsyncClient:
    """Return a client elsewhere in the network."""
    transport = httpx.ASGITransport(app=asgi, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"user-agent": device}, timeout=30)
