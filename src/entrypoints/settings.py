"""Settings, decoded once from `ONELAST_*` into one frozen structure."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.users.user import Plan
from entrypoints.problems import OperatorProblem
from entrypoints.upstreams import Continues, Upstream, pair

PREFIX = "ONELAST_"
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class SettingsError(OperatorProblem):
    """A setting is wrong; the message names it and says what would be right."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each field is the environment variable `ONELAST_<FIELD IN UPPER CASE>`; docs/reference/settings.md tells of each."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    data_dir: str = "./.onelast"
    catalog_dsn: str | None = None
    shard_dsns: tuple[str, ...] = ()
    redis_url: str | None = None
    upstream_url: tuple[str, ...] = ()
    upstream_api_key: tuple[str, ...] = ()
    upstream_models: tuple[str, ...] = ("*",)
    upstream_context_tokens: Annotated[int, Meta(ge=256)] = 8192
    upstream_continues: tuple[Continues, ...] = ("false",)
    upstream_connect_timeout: Seconds = 5.0
    upstream_first_token_timeout: Seconds = 60.0
    upstream_token_timeout: Seconds = 60.0
    default_model: str | None = None
    signup_plan: Plan = Plan.FREE
    pool_size: Annotated[int, Meta(ge=1, le=200)] = 10
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "console", "json"] = "auto"

    @property
    def data_path(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data_dir).expanduser().resolve()

    @property
    def catalog(self) -> str | None:
        """The DSN of the catalog: its own, else that of the first shard."""
        return self.catalog_dsn or (self.shard_dsns[0] if self.shard_dsns else None)

    @property
    def shards(self) -> tuple[str, ...]:
        """The DSNs of the shards, in order: their own, else the catalog's alone."""
        return self.shard_dsns or ((self.catalog_dsn,) if self.catalog_dsn else ())

    def require_catalog(self) -> str:
        """Return the DSN of the catalog; SettingsError when there is none."""
        return _required(self.catalog, "ONELAST_CATALOG_DSN")

    def require_redis(self) -> str:
        """Return the address of the Redis or Valkey server; SettingsError when there is none."""
        return _required(self.redis_url, "ONELAST_REDIS_URL")

    @property
    def upstreams(self) -> tuple[Upstream, ...]:
        """The model servers, the preferred one first."""
        return tuple(pair(self.upstream_url, self.upstream_api_key, self.upstream_continues))

    def require_upstreams(self) -> tuple[Upstream, ...]:
        """Return the model servers, the preferred one first; SettingsError when there is none."""
        _required(self.upstream_url[0] if self.upstream_url else None, "ONELAST_UPSTREAM_URL")
        return self.upstreams


_LISTS = {"shard_dsns", "upstream_models", "upstream_url"}
_PARALLEL_TO_URLS = {"upstream_api_key", "upstream_continues"}
_PORT = r"(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_HOST = rf"(?:\[[\da-fA-F:.]+\]|[^\s:/?#@\[\],]+)(?::{_PORT})?"
# Several hosts are PostgreSQL's, as is none: a socket of this machine.
_ADDRESS = re.compile(rf"[a-z]+://(?:[^/?#]*@)?{_HOST}(?:,{_HOST})*(?:[/?#].*)?|postgres(?:ql)?://(?:[^/?#]*@)?/.*")
_SCHEMES = {
    "catalog_dsn": ("postgresql://", "postgres://"),
    "shard_dsns": ("postgresql://", "postgres://"),
    "redis_url": ("redis://", "rediss://", "valkey://"),
    "upstream_url": ("http://", "https://"),
}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from the environment; SettingsError names the first wrong one. Empty values count as unset."""
    source = os.environ if environment is None else environment
    raw: dict[str, object] = {}
    for name, value in source.items():
        if name.startswith(PREFIX) and value.strip():
            field = name.removeprefix(PREFIX).lower()
            _require_known(field, name)
            raw[field] = _value(field, value)
            _require_address(field, name, value)
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    _require_parallel(settings)
    return settings


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise SettingsError(f"{name} is not set; `onelast up` would start a server for it, this command needs yours.")
    return value


def _value(field: str, value: str) -> object:
    if field in _PARALLEL_TO_URLS:
        return [item.strip() for item in value.split(",")]
    return _items(value) if field in _LISTS else value.strip()


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _require_known(field: str, name: str) -> None:
    if field not in Settings.__struct_fields__:
        raise SettingsError(f"{name} is not a setting; see docs/reference/settings.md for those there are.")


def _require_address(field: str, name: str, value: str) -> None:
    addresses = _items(value) if field in _LISTS else [value.strip()]
    for item in addresses if field in _SCHEMES else ():
        if not item.startswith(_SCHEMES[field]):
            raise SettingsError(f"{name} must begin with {' or '.join(_SCHEMES[field])}.")
        if not _ADDRESS.fullmatch(item):
            raise SettingsError(f"{name} has no readable host and port; write # / ? @ in a password as %23 %2F %3F %40.")


def _require_parallel(settings: Settings) -> None:
    upstreams, keys, said = len(settings.upstream_url), len(settings.upstream_api_key), len(settings.upstream_continues)
    if keys > upstreams:
        raise SettingsError(f"ONELAST_UPSTREAM_API_KEY has more entries ({keys}) than ONELAST_UPSTREAM_URL ({upstreams}).")
    if said not in {1, upstreams}:
        raise SettingsError(f"ONELAST_UPSTREAM_CONTINUES must have one entry, or {upstreams}: as many as ONELAST_UPSTREAM_URL.")


def _sentence(error: msgspec.ValidationError) -> str:
    text = str(error)
    match = re.search(r"at `\$\.(\w+)", text)
    name = PREFIX + match[1].upper() if match else "A setting"
    return f"{name} is wrong: {text.split(' - at', maxsplit=1)[0]}."
