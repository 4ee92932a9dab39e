"""How the service is reached, as settings tell it: its own address, proxies in front of it, pages of other origins."""

import re
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Final

_HOST: Final = r"(?:\[[\da-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?"
_ORIGIN: Final = re.compile(rf"https?://{_HOST}")
_ADDRESS: Final = re.compile(rf"https?://{_HOST}(?:/[\w.~/-]*)?", re.IGNORECASE)


def require_networks(networks: Sequence[str]) -> None:
    """Return if each is an address or a network; ValueError."""
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            raise ValueError(
                f"ONELAST_TRUSTED_PROXIES must have addresses or networks, as 10.0.0.0/8, with commas; {network!r} is none."
            ) from None


def require_origins(origins: Sequence[str]) -> None:
    """Return if each is an origin as browsers write it; ValueError."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"ONELAST_CORS_ORIGINS must have origins as https://app.example.com, lower case, with commas; {origin!r} is none."
            )


def public_address(public_url: str | None, host: str, port: int) -> str:
    """Return the address that links begin with, without a slash at its end; ValueError."""
    if public_url is None:
        shown = "localhost" if host in {"0.0.0.0", "::", "127.0.0.1", "::1"} else host  # noqa: S104
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    if not _ADDRESS.fullmatch(public_url):
        raise ValueError("ONELAST_PUBLIC_URL must be the address of the service as people reach it, as https://chat.example.com.")
    return public_url.rstrip("/")
