"""What is wrong with an address of Redis or Valkey servers, in words that show nothing of it."""

import re
from typing import Final

SCHEMES: Final = (
    "redis://", "rediss://", "valkey://", "redis+sentinel://", "rediss+sentinel://", "valkey+sentinel://", "redis+cluster://",
    "rediss+cluster://", "valkey+cluster://",
)
_PORT = r"(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_HOST = rf"(?:\[[\da-fA-F:.]+\]|[^\s:/?#@\[\],]+)(?::{_PORT})?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")
_USER = re.compile(r"[^,:/?#@]*(?::[^/?#@]*)?")
_DATABASE = re.compile(r"/?|/\d{1,5}/?")
_DATABASE_OPTION = re.compile(r"|db=\d{1,5}")
_SERVICE = re.compile(r"/[^/?#\s]+(?:/\d{1,5})?/?")
_OPTIONS = re.compile(r"(?:sentinel_(?:username|password)=[^&#]+)(?:&sentinel_(?:username|password)=[^&#]+)*")


def fault_of(url: str) -> str | None:
    """Return the end of a sentence about the address, or None if it can be read."""
    scheme, _, rest = url.partition("://")
    form = scheme.partition("+")[2]
    address, _, options = rest.partition("?")
    hosts, slash, path = address.partition("/")
    user, _, named = hosts.rpartition("@")
    if not _HOSTS.fullmatch(named) or not _USER.fullmatch(user) or "@" in path:
        return "has no readable host and port; write # / ? @ in a password as %23 %2F %3F %40"
    if not form and "," in named:
        return "names several hosts, which only redis+sentinel:// and redis+cluster:// have"
    if not form and not (_DATABASE.fullmatch(slash + path) and _DATABASE_OPTION.fullmatch(options)):
        return "must end after the host and port, or with the number of a database, as in redis://host:6379/1"
    if form == "sentinel":
        return _fault_of_sentinels(slash + path, options)
    if form == "cluster" and (path.strip("/") not in {"", "0"} or options):
        return "must end after the hosts of the cluster: a cluster has one database and no options"
    return None


def _fault_of_sentinels(path: str, options: str) -> str | None:
    if not _SERVICE.fullmatch(path):
        return "must name the sentinels' service behind the hosts, as in redis+sentinel://host:26379,host:26379/service"
    if options and not _OPTIONS.fullmatch(options):
        return "has an option that is neither sentinel_username nor sentinel_password"
    return None
