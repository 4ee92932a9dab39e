"""The door of the realtime socket: strangers are refused before they are in."""

import logging
from typing import Final

from litestar.types import Receive, Scope, Send

from application.actor import Actor
from application.users.authenticate import AuthenticateCommand
from domain.shared.errors import DomainError, NotFound, Unavailable
from domain.users.scopes import require_scope
from entrypoints.http.envelope import new_request_id
from entrypoints.http.limits import admit, limit_headers
from entrypoints.realtime.handshake import chosen_subprotocol, secret_offered
from entrypoints.realtime.refusal import refuse
from entrypoints.realtime.socket import Socket, SocketParts

PATH: Final = "/v1/realtime"
_log = logging.getLogger(__name__)


class Realtime:
    """The ASGI application that serves WebSockets, at /v1/realtime and nowhere else."""

    def __init__(self, parts: SocketParts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        request_id = new_request_id()
        await receive()
        scope.setdefault("state", {})
        try:
            secret, actor = await self._admit(scope)
        except DomainError as error:
            await refuse(scope, send, error, request_id)
        except Exception:  # noqa: BLE001  (whatever it is, the client is told as over HTTP)
            _log.exception("unhandled error", extra={"request_id": request_id})
            await refuse(scope, send, None, request_id)
        else:
            socket = Socket(self._parts, secret, actor, send, request_id)
            await socket.serve(receive, chosen_subprotocol(scope), limit_headers(scope))

    async def _admit(self, scope: Scope) -> tuple[str, Actor]:
        if scope["path"] != PATH:
            raise NotFound(f"Sockets are opened at {PATH}.")
        if self._parts.streams.draining:
            raise Unavailable("The node is shutting down.")
        if self._parts.shedding.refuses("socket"):
            raise Unavailable("The process is late.")
        secret = secret_offered(scope)
        actor: Actor = await self._parts.authenticate.execute(AuthenticateCommand(secret))
        await admit(self._parts.admit_request, scope, actor, replies=False)
        require_scope(actor.scopes, "chat")
        return secret, actor
