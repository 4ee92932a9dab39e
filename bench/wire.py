"""What goes over the connection: requests as bytes, answers taken apart and checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from msgspec import json

from bench.upstream import TEXT

LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


class WrongAnswer(Exception):
    """A server answered something else than the job asks for: the measurement is void."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's bytes, when its body begins, and how long it took; `first_seconds` until the line's mark was seen."""

    raw: bytes
    body_at: int
    seconds: float
    first_seconds: float | None

    @property
    def status(self) -> int:
        return int(self.raw[9:12])

    @property
    def body(self) -> bytes:
        head = self.raw[: self.body_at].lower()
        rest = self.raw[self.body_at :]
        return b"".join(_chunks(rest)) if b"\r\ntransfer-encoding: chunked" in head else rest

    def json(self, status: int = 200) -> Any:
        """Return the decoded body of an answer that has this status."""
        if self.status != status:
            raise WrongAnswer(f"{self.status} instead of {status}: {self.body[:500]!r}")
        return json.decode(self.body)


def request(method: str, path: str, body: object = None, token: str | None = None) -> bytes:
    """Return a whole HTTP/1.1 request."""
    data = b"" if body is None else json.encode(body)
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "accept: */*"]
    if data:
        lines += ["content-type: application/json", f"content-length: {len(data)}"]
    if token:
        lines.append(f"authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode() + data


def check_reply(answer: Answer) -> None:
    """Return if the stream brought all fifty words and then its end; WrongAnswer if it did not."""
    if answer.status != 200:
        raise WrongAnswer(f"{answer.status} instead of a stream: {answer.body[:500]!r}")
    events = list(_events(answer.body))
    text = "".join(json.decode(data)["text"] for kind, data in events if kind == "message.delta")
    if text != TEXT:
        raise WrongAnswer(f"The reply is {text!r}, the stream's end {answer.body[-500:]!r}.")
    kind, data = events[-1]
    if kind != "end" or json.decode(data).get("status", "completed") != "completed":
        raise WrongAnswer(f"The last event is {kind}: {data!r}.")


def _events(body: bytes) -> Iterator[tuple[str, str]]:
    for frame in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in frame.splitlines() if line and not line.startswith(":"))
        if fields:
            yield fields["event"], fields["data"]


def _chunks(data: bytes) -> Iterator[bytes]:
    at = 0
    while True:
        ends = data.index(b"\r\n", at)
        size = int(data[at:ends], 16)
        if not size:
            return
        yield data[ends + 2 : ends + 2 + size]
        at = ends + 4 + size
