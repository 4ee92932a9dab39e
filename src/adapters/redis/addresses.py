"""The three forms of an address: one server, the sentinels that know a service's master, some servers of a cluster."""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

Host = tuple[str, int]
# Some releases of Python take no list of hosts for a URL where one of them is in brackets.
_PARTS: Final = re.compile(
    r"(?P<scheme>[a-z+]+)://(?P<place>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.IGNORECASE
)
_PORTS: Final = {"single": 6379, "sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """`hosts` are of the form's kind; the name and password are the data servers', sentinels have their own."""

    form: Literal["single", "sentinel", "cluster"]
    hosts: tuple[Host, ...]
    secure: bool
    username: str | None
    password: str | None
    database: int = 0
    service: str = ""
    sentinel_username: str | None = None
    sentinel_password: str | None = None

    def of_server(self, host: str, port: int) -> str:
        """Return the address of one data server."""
        user = f"{quote(self.username or '', safe='')}:{quote(self.password, safe='')}@" if self.password else ""
        name = f"[{host}]" if ":" in host else host
        return f"redis{'s' if self.secure else ''}://{user}{name}:{port}/{self.database}"


def parse_address(url: str) -> Address:
    """Return what a URL says; ValueError, which shows nothing of it.

    `redis://[user:password@]host:port[/db]`,
    `redis+sentinel://[user:password@]host:port,…/service[/db][?sentinel_username=…&sentinel_password=…]` or
    `redis+cluster://[user:password@]host:port,…`, with `rediss` where servers are spoken to by TLS, and `valkey` for `redis`.
    """
    split = _PARTS.fullmatch(url)
    scheme, _, form = ("" if split is None else split["scheme"].lower()).partition("+")
    if split is None or scheme not in {"redis", "rediss", "valkey"} or form not in {"", "sentinel", "cluster"}:
        raise ValueError("The address is of none of the three forms.")
    user, _, hosts = split["place"].rpartition("@")
    name, _, password = user.partition(":")
    path, options = split["path"].strip("/").split("/"), parse_qs(split["query"] or "")
    common: dict[str, Any] = {
        "hosts": tuple(_host(one, _PORTS[form or "single"]) for one in hosts.split(",")), "secure": scheme == "rediss",
        "username": unquote(name) or None, "password": unquote(password) or None,
    }
    if form == "cluster":
        return Address("cluster", **common)
    if not form:
        return Address("single", **common, database=int(options.get("db", path)[0] or 0))
    named: dict[str, Any] = {key: options[key][0] for key in ("sentinel_username", "sentinel_password") if key in options}
    return Address("sentinel", **common, service=unquote(path[0]), database=int(path[1]) if len(path) > 1 else 0, **named)


def many_hosts(url: str) -> bool:
    """Whether the address is one of sentinels or a cluster."""
    return "+" in url.partition("://")[0]


def _host(text: str, port: int) -> Host:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "localhost", parts.port or port
