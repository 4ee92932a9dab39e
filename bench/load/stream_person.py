"""A person on server-sent events: one kept connection, which carries a stream while a reply is made."""

from typing import Final

from msgspec import Struct, json

from bench.load.http_line import HttpLine
from bench.load.person import Person
from bench.load.reply import Reply
from bench.load.world import Account, World
from bench.wire import request

SAY: Final = "POST /v1/sessions/{id}/messages"
FOLLOW: Final = "GET /v1/runs/{id}/events"
_BODY: Final = {"content": "Say fifty words, one after the other.", "stream": True}


class _Event(Struct):
    run_id: str = ""
    text: str = ""
    status: str = ""
    keep: bool = True


_decode: Final = json.Decoder(_Event).decode


class StreamPerson(Person):
    """Asks one thing after the other."""

    def __init__(self, world: World, account: Account) -> None:
        super().__init__(world, account)
        self._line: HttpLine | None = None
        self._endpoint, self._asked_at, self._here = "", 0.0, False

    def come(self) -> None:
        """Connect and read a list: who has the answer is online."""
        self.plan(self.world.random.random())
        self.read("GET /v1/sessions", "/v1/sessions?limit=20")

    def say(self) -> None:
        """Send the message, whose answer is the stream of the reply."""
        self.reply = Reply(self.world, SAY)
        self._ask(SAY, request("POST", f"/v1/sessions/{self.account.session}/messages", _BODY, self.account.token))

    def read(self, endpoint: str, path: str) -> None:
        """Read over the same connection."""
        self._ask(endpoint, request("GET", path, token=self.account.token))

    def give_up(self) -> None:
        """Count it and come anew."""
        self.world.notes.fail(self._endpoint, f"no end within {self.world.habits.patience:g} s")
        self._leave()
        self.reply = None
        self.proceed()

    def connected(self) -> None:
        """Be online."""
        self._here = True
        self.world.online += 1

    def event(self, seq: int, kind: bytes, data: bytes) -> None:
        """Take an event of the reply."""
        reply = self.reply
        if reply is None or not reply.take(seq):
            return
        if kind == b"message.delta":
            reply.word(_decode(data).text)
        elif kind == b"run.created":
            reply.created(_decode(data).run_id)
        elif kind == b"attempt":
            if not _decode(data).keep:
                reply.check.begin_anew()
        elif kind == b"end":
            reply.check.end(_decode(data).status)
        if reply.drop_at and seq >= reply.drop_at and not reply.check.ended:
            reply.drop_at = 0
            self._come_back("reconnects")

    def answered(self, status: int, body: bytes) -> None:
        """Take the end of an answer."""
        seconds, notes, reply = self.world.now() - self._asked_at, self.world.notes, self.reply
        if status != 200:
            (notes.refuse(self._endpoint, status, seconds) if status in (429, 503) else notes.fail(self._endpoint, str(status)))
            if self._endpoint == FOLLOW and status in (429, 503):
                self.world.after(1.0, 2.0, self._resume)
                return
            self.reply = None
        elif reply is None:
            notes.answer(self._endpoint, seconds)
        elif not reply.check.run:
            notes.fail(self._endpoint, "the stream ended before the message was accepted")
            self.reply = None
        elif not reply.check.ended:
            self._come_back("broken streams")
            return
        else:
            reply.finish()
            self.reply = None
        self.proceed()

    def broken(self) -> None:
        """Come back where a reply is under way; what else was asked for has failed, and an idle connection is opened again."""
        waited = self._endpoint and self._deadline is not None
        self._leave()
        if self.world.closing and self.reply is None:
            return
        if self.reply is not None and self.reply.check.run:
            self._come_back("broken streams")
        elif waited:
            self.world.notes.fail(self._endpoint, "the connection was lost")
            self.reply = None
            self.proceed()
        else:
            self.world.notes.counts["idle connections closed"] += 1
            self._open(b"")

    def _come_back(self, why: str) -> None:
        self.world.notes.counts[why] += 1
        self._leave()
        self.hurry()
        self.world.after(0.05, 0.5, self._resume)

    def _resume(self) -> None:
        reply = self.reply
        if reply is None:
            return
        reply.follow(FOLLOW)
        path = f"/v1/runs/{reply.check.run}/events?starting_after={reply.check.seen}"
        self._ask(FOLLOW, request("GET", path, token=self.account.token))

    def _ask(self, endpoint: str, data: bytes) -> None:
        self.world.notes.counts["requests"] += 1
        self._endpoint, self._asked_at = endpoint, self.world.now()
        self.hurry()
        if self._line is not None and self._line.ready:
            self._line.ask(data)
        else:
            self._leave()
            self._open(data)

    def _open(self, data: bytes) -> None:
        self._line = HttpLine(self, data)
        self.world.connect(self._line, self._refused)

    def _refused(self) -> None:
        self.world.notes.fail("connect", "refused")
        self.relax()
        self.reply = None
        self.world.after(0.5, 1.5, self.proceed)

    def _leave(self) -> None:
        if self._line is not None:
            self._line.drop()
            self._line = None
        self.world.online -= self._here
        self._here = False
