"""What a cluster answers instead of an answer."""

from typing import Any, NamedTuple

from hiredis import ReplyError

from domain.shared.errors import Unavailable


class Redirect(NamedTuple):
    """Another server has the slot (or, when `asking`, this key of it already); the command was not carried out."""

    host: str
    port: int
    asking: bool


def redirect_of(answer: Any) -> Redirect | None:
    """Return where the answer sends its command; Unavailable when the cluster cannot carry it out now."""
    if not isinstance(answer, ReplyError):
        return None
    kind, *words = str(answer).split(" ")
    if kind in {"TRYAGAIN", "CLUSTERDOWN"}:
        raise Unavailable("The cluster of Redis or Valkey servers cannot serve this key now.")
    if kind not in {"MOVED", "ASK"}:
        return None
    host, _, port = words[1].rpartition(":")
    return Redirect(host, int(port), kind == "ASK")
