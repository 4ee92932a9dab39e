"""The providers to sign in with, as settings tell of them: ONELAST_OIDC_<NAME>_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _SCOPES."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_FIELDS: Final = ("issuer", "client_id", "client_secret", "scopes")
_NEEDED: Final = ("issuer", "client_id", "client_secret")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SCOPES: Final = "openid email profile"


@dataclass(frozen=True, slots=True)
class OidcSetting:
    """One provider, by the name that stands in paths."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]


def read_oidc(options: Mapping[str, str]) -> tuple[OidcSetting, ...]:
    """Return the providers in the order of their names; ValueError says which setting is wrong, and never what a secret is."""
    said: dict[str, dict[str, str]] = {}
    for option, text in options.items():
        field = next((one for one in _FIELDS if option.endswith(f"_{one}")), None)
        name = option.removesuffix(f"_{field}")
        if field is None or not _NAME.fullmatch(name):
            raise ValueError(
                f"ONELAST_OIDC_{option.upper()} is not a setting; it names a provider and one of {', '.join(_FIELDS).upper()}."
            )
        said.setdefault(name, {})[field] = text
    return tuple(_provider(name, fields) for name, fields in sorted(said.items()))


def _provider(name: str, fields: Mapping[str, str]) -> OidcSetting:
    prefix = f"ONELAST_OIDC_{name.upper()}_"
    missing = [one for one in _NEEDED if one not in fields]
    if missing:
        raise ValueError(f"{prefix}{missing[0].upper()} is not set: the provider {name!r} needs {', '.join(_NEEDED).upper()}.")
    if not _is_issuer(fields["issuer"]):
        raise ValueError(f"{prefix}ISSUER must be an https:// address without '?' and '#' (http:// for this machine alone).")
    scopes = tuple(fields.get("scopes", _SCOPES).replace(",", " ").split())
    if "openid" not in scopes:
        raise ValueError(f"{prefix}SCOPES must have openid among them.")
    return OidcSetting(name, fields["issuer"], fields["client_id"], fields["client_secret"], scopes)


def _is_issuer(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = not any((parts.query, parts.fragment, "@" in parts.netloc, "?" in address, "#" in address))
    return bool(host) and plain and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
