"""Where requests come from: the peer of the connection, or what proxies say that we trust to tell the truth."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from litestar import Request

from application.origin import Origin

_LONGEST_DEVICE: Final = 200
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """The addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed; of all others they are not read."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        """Take them; ValueError for what is no address and no network."""
        self._networks: tuple[_Network, ...] = tuple(ipaddress.ip_network(network) for network in networks)
        self._trusts = lru_cache(1024)(self._look)

    def settle(self, scope: Any) -> None:
        """Put into the connection's scope who asks, and by which scheme, where a trusted proxy speaks for them.

        The address is the last one in X-Forwarded-For that is no trusted proxy: those before it anybody can write.
        """
        peer = scope["client"][0] if scope.get("client") else None
        if not self._networks or peer is None or not self._trusts(peer):
            return
        scope["client"] = (self._speaker(peer, _told(scope, b"x-forwarded-for")), 0)
        told = _told(scope, b"x-forwarded-proto")
        if told and (scheme := told[-1].lower()) in {"http", "https"}:
            scope["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme

    def _speaker(self, peer: str, hops: Sequence[str]) -> str:
        for hop in reversed(hops):
            if _parsed(hop) is None:
                break
            peer = hop
            if not self._trusts(hop):
                break
        return peer

    def _look(self, address: str) -> bool:
        place = _parsed(address)
        return place is not None and any(place in network for network in self._networks)


def origin_of(request: Request[Any, Any, Any]) -> Origin:
    """Return where this request comes from; a connection over a socket of this machine has no address."""
    client, device = request.scope.get("client"), request.headers.get("user-agent", "").replace("\x00", "").strip()
    return Origin(client[0] if client else None, device[:_LONGEST_DEVICE] or None)


def _told(scope: Any, name: bytes) -> list[str]:
    lines = [value.decode("latin-1") for header, value in scope["headers"] if header == name]
    return [part.strip() for part in ",".join(lines).split(",") if part.strip()]


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        place = ipaddress.ip_address(text)
    except ValueError:
        return None
    return place.ipv4_mapped or place if isinstance(place, ipaddress.IPv6Address) else place
