"""A person on the realtime socket, who reads over connections that are shared."""

from typing import Final

from msgspec import Struct, json

from bench.load.person import Person
from bench.load.reading import Readings
from bench.load.reply import Reply
from bench.load.socket_line import SocketLine, handshake
from bench.load.world import Account, World
from bench.wire import request

OPEN, SAY, FOLLOW = "WS /v1/realtime", "WS message.create", "WS run.follow"
_REFUSALS: Final = {"overloaded": 503, "rate_limit_exceeded": 429}


class _Error(Struct):
    code: str = ""
    message: str = ""


class _Frame(Struct):
    type: str = ""
    seq: int = 0
    run_id: str = ""
    text: str = ""
    status: str = ""
    keep: bool = True
    error: _Error | None = None


_decode: Final = json.Decoder(_Frame).decode


class SocketPerson(Person):
    """One socket, opened again when it breaks."""

    def __init__(self, world: World, account: Account, readings: Readings) -> None:
        super().__init__(world, account)
        self._readings = readings
        self._line: SocketLine | None = None
        self._asked_at, self._here, self._reading = 0.0, False, False
        self._create = json.encode(
            {"type": "message.create", "session_id": account.session, "content": "Say fifty words, one after the other."}
        )

    def come(self) -> None:
        """Open the socket."""
        self.plan(self.world.random.random())
        self._open()

    def say(self) -> None:
        """Send the message over the socket."""
        if self._line is None or not self._line.ready:
            self._open()
            return
        self.world.notes.counts["requests"] += 1
        self.reply = Reply(self.world, SAY)
        self.hurry()
        self._line.send(self._create)

    def read(self, endpoint: str, path: str) -> None:
        """Read over a connection that is shared."""
        self._reading = True
        self._readings.ask(endpoint, request("GET", path, token=self.account.token), self._have_read)

    def give_up(self) -> None:
        """Count it and come anew."""
        what = OPEN if not self._here else SAY
        self.world.notes.fail(what, f"no end within {self.world.habits.patience:g} s")
        self._leave()
        self.reply = None
        self._open()

    def opened(self, status: int) -> None:
        """Be online, and go on with the reply if there is one under way."""
        self.relax()
        seconds, notes = self.world.now() - self._asked_at, self.world.notes
        if status == 101:
            notes.answer(OPEN, seconds)
            self._here = True
            self.world.online += 1
            self._go_on()
            return
        (notes.refuse(OPEN, status, seconds) if status in (429, 503) else notes.fail(OPEN, str(status)))
        self._leave()
        self.world.after(1.0, 2.0, self._open)

    def frame(self, data: bytes) -> None:
        """Take a frame."""
        frame, reply = _decode(data), self.reply
        if frame.error is not None:
            self._hear_error(frame.error)
        elif reply is not None and frame.run_id and (frame.run_id == reply.check.run or frame.type == "run.created"):
            self._take(frame, reply)

    def broken(self) -> None:
        """Open another socket, on which the reply goes on."""
        self._leave()
        if self.world.closing and self.reply is None:
            return
        self.world.notes.counts["broken sockets"] += 1
        self.world.after(0.05, 0.5, self._open)

    def _have_read(self) -> None:
        self._reading = False
        self.proceed()

    def _take(self, frame: _Frame, reply: Reply) -> None:
        if not reply.take(frame.seq):
            return
        if frame.type == "message.delta":
            reply.word(frame.text)
        elif frame.type == "run.created":
            reply.created(frame.run_id)
        elif frame.type == "attempt" and not frame.keep:
            reply.check.begin_anew()
        elif frame.type == "end":
            reply.check.end(frame.status)
            reply.finish()
            self.reply = None
            self.proceed()
            return
        if reply.drop_at and frame.seq >= reply.drop_at:
            reply.drop_at = 0
            self.world.notes.counts["reconnects"] += 1
            self._leave()
            self.world.after(0.05, 0.5, self._open)

    def _hear_error(self, error: _Error) -> None:
        notes, status = self.world.notes, _REFUSALS.get(error.code)
        if self.reply is None:
            notes.fail("WS", error.code)
            return
        what = self.reply.following or SAY
        if status is not None:
            notes.refuse(what, status, self.world.now() - self.reply.asked_at)
        else:
            notes.fail(what, error.code)
        if status is not None and what == FOLLOW:
            self.world.after(1.0, 2.0, self._follow)
            return
        self.reply = None
        self.proceed()

    def _open(self) -> None:
        if self.world.closing and self.reply is None:
            return
        self.world.notes.counts["requests"] += 1
        self._asked_at = self.world.now()
        self._leave()
        self.hurry()
        self._line = SocketLine(handshake("/v1/realtime", self.account.token), self)
        self.world.connect(self._line, self._refused)

    def _go_on(self) -> None:
        reply = self.reply
        if reply is None or self._line is None:
            if self._timer is None and not self._reading:
                self.proceed()
            return
        if not reply.check.run:
            self.world.notes.fail(SAY, "the socket broke before the message was accepted")
            self.reply = None
            self.proceed()
            return
        self._follow()

    def _follow(self) -> None:
        reply = self.reply
        if reply is None or self._line is None or not self._line.ready:
            return
        reply.follow(FOLLOW)
        self.world.notes.counts["requests"] += 1
        self.hurry()
        body = {"type": "run.follow", "run_id": reply.check.run, "starting_after": reply.check.seen}
        self._line.send(json.encode(body))

    def _refused(self) -> None:
        self.world.notes.fail("connect", "refused")
        self.relax()
        self.world.after(0.5, 1.5, self._open)

    def _leave(self) -> None:
        if self._line is not None:
            self._line.drop()
            self._line = None
        self.world.online -= self._here
        self._here = False
