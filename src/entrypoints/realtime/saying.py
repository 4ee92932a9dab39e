"""What is asked over the socket counts as a request; a message's reply also takes one of the caller's streams."""

from dataclasses import dataclass, replace
from typing import Any

from application.actor import Actor
from application.limits.admit_request import AdmitRequestCommand, Admitted
from application.limits.stream_slots import given_back
from application.runs.send_message import Accepted, SendMessageCommand
from domain.runs.prompt import DEFAULT_REPLY_TOKENS, estimate_tokens
from domain.sessions.message import text_of
from domain.shared.errors import Unavailable
from entrypoints.http.parameters import session_in_path
from entrypoints.http.shedding import Shedding
from entrypoints.realtime.frames import MessageCreate


@dataclass(frozen=True, slots=True)
class Saying:
    """The use cases, or what stands in for them."""

    admit_request: Any
    send_message: Any
    shedding: Shedding

    async def admit(self, actor: Actor) -> None:
        """Return if the caller may ask for something that begins no reply; LimitExceeded."""
        admitted: Admitted = await self.admit_request.execute(AdmitRequestCommand(actor))
        if admitted.refusal is not None:
            raise admitted.refusal

    async def execute(self, actor: Actor, frame: MessageCreate) -> Accepted:
        """Return what was accepted; LimitExceeded, Unavailable where too much is under way, and what SendMessage raises."""
        if self.shedding.refuses("message"):
            raise Unavailable("The process is late.")
        tokens = estimate_tokens(text_of(frame.parts())) + DEFAULT_REPLY_TOKENS
        admitted: Admitted = await self.admit_request.execute(AdmitRequestCommand(actor, tokens))
        if admitted.refusal is not None:
            raise admitted.refusal
        with given_back(admitted.hold):
            session_id = session_in_path(frame.session_id)
            command = SendMessageCommand(actor, session_id, frame.parts(), frame.client_message_id, frame.on_active)
            accepted: Accepted = await self.send_message.execute(replace(command, hold=admitted.hold))
            return accepted
