"""Lists and addresses as settings write them."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from entrypoints import redis_address

LISTS: Final = {
    "backup_dsns", "cache_layers", "cors_origins", "move_dsns", "prices", "replica_dsns", "shard_dsns", "trusted_proxies",
    "upstream_models", "upstream_url",
}
# A DSN may name several hosts, with commas: the next one begins with its scheme.
_DSN_LISTS: Final = {"backup_dsns", "move_dsns", "replica_dsns", "shard_dsns"}
_NEXT_DSN: Final = re.compile(r",(?=\s*(?:\w+=)?\w+://)")
_PORT: Final = r"(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_HOST: Final = rf"(?:\[[\da-fA-F:.]+\]|[^\s:/?#@\[\],]+)(?::{_PORT})?"
_USER: Final = r"(?:[^,:/?#]*(?::[^/?#]*)?@)?"
_PATH: Final = r"/[^,?#]*"
_QUERY: Final = r"(?:[?#].*)?"
# Several hosts are PostgreSQL's, as is none: a socket of this machine.
_ADDRESS: Final = re.compile(rf"[a-z]+://{_USER}{_HOST}(?:,{_HOST})*(?:{_PATH})?{_QUERY}|postgres(?:ql)?://{_USER}{_PATH}{_QUERY}")
_NUMBERED: Final = re.compile(r"\d{1,4}=")
_SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "catalog_dsn": ("postgresql://", "postgres://"),
    "shard_dsns": ("postgresql://", "postgres://"),
    "move_dsns": ("postgresql://", "postgres://"),
    "replica_dsns": ("postgresql://", "postgres://"),
    "backup_dsns": ("postgresql://", "postgres://"),
    "backup_s3_endpoint": ("http://", "https://"),
    "redis_url": redis_address.SCHEMES,
    "upstream_url": ("http://", "https://"),
}


def read_items(field: str, value: str) -> list[str]:
    """Return what stands between the commas."""
    items = _NEXT_DSN.split(value) if field in _DSN_LISTS else value.split(",")
    return [item.strip(", ") for item in items if item.strip(", ")]


def require_address(field: str, name: str, value: str) -> None:
    """Return if the setting holds no address, or readable ones; ValueError names it and repeats nothing of it."""
    addresses = read_items(field, value) if field in LISTS else [value.strip()]
    for item in _unnumbered(name, addresses) if field == "replica_dsns" else addresses if field in _SCHEMES else ():
        if not item.startswith(_SCHEMES[field]):
            raise ValueError(f"{name} must begin with {' or '.join(_SCHEMES[field])}.")
        if field == "redis_url" and (fault := redis_address.fault_of(item)) is not None:
            raise ValueError(f"{name} {fault}.")
        if field != "redis_url" and not _ADDRESS.fullmatch(item):
            raise ValueError(f"{name} has no readable host and port; write # / ? @ in a password as %23 %2F %3F %40.")


def _unnumbered(name: str, items: Sequence[str]) -> list[str]:
    for item in items:
        if not _NUMBERED.match(item):
            raise ValueError(f"{name} must be <shard>=<dsn>, several with commas: 0=postgresql://…,1=postgresql://….")
    return [item.split("=", 1)[1] for item in items]
