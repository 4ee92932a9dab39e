"""Settings, decoded once from `ONELAST_*` into one frozen structure."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.users.user import Plan
from entrypoints import redis_address
from entrypoints.layer_names import read_layers, require_owned
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
    shard_routing: Literal["buckets", "directory"] = "buckets"
    move_dsns: tuple[str, ...] = ()
    replica_dsns: tuple[str, ...] = ()
    redis_url: str | None = None
    cache_layers: tuple[str, ...] = ("process", "redis")
    cache_memory: Annotated[int, Meta(ge=1 << 20, le=1 << 40)] = 64 << 20
    cache_options: Mapping[str, str] = {}
    edge: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}$")] = "none"
    edge_options: Mapping[str, str] = {}
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
    pool_size: Annotated[int, Meta(ge=1, le=200)] | None = None
    nodes: Annotated[int, Meta(ge=1, le=10_000)] = 1
    database_cores: Annotated[int, Meta(ge=1, le=1024)] | None = None
    database_timeout: Seconds = 5.0
    pooler: Literal["none", "pgbouncer"] = "none"
    slow_query_seconds: Seconds = 0.2
    backup_target: str | None = None
    backup_s3_endpoint: str | None = None
    backup_key_file: str | None = None
    backup_dsns: tuple[str, ...] = ()
    backup_every: Annotated[float, Meta(gt=0, le=8_760)] | None = None
    backup_keep: Annotated[str, Meta(pattern=r"^[1-9]\d{0,4}d?$")] = "7"
    backup_wal_seconds: Seconds = 5.0
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

    @property
    def replicas(self) -> Mapping[int, tuple[str, ...]]:
        """The DSNs of the replicas of each shard that has any."""
        numbered = [item.split("=", 1) for item in self.replica_dsns]
        return {int(number): tuple(dsn for other, dsn in numbered if other == number) for number, _ in numbered}

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


# What follows in a variable's name is an option of the edge that ONELAST_EDGE names, or of one of ONELAST_CACHE_LAYERS.
_OPTIONS = {"edge_": "edge_options", "cache_": "cache_options"}
_NO_OPTIONS = {"cache_layers", "cache_memory"}
_LISTS = {"backup_dsns", "cache_layers", "move_dsns", "replica_dsns", "shard_dsns", "upstream_models", "upstream_url"}
_PARALLEL_TO_URLS = {"upstream_api_key", "upstream_continues"}
# A DSN may name several hosts, with commas: the next one begins with its scheme.
_DSN_LISTS = {"backup_dsns", "move_dsns", "replica_dsns", "shard_dsns"}
_NEXT_DSN = re.compile(r",(?=\s*(?:\w+=)?\w+://)")
_PORT = r"(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_HOST = rf"(?:\[[\da-fA-F:.]+\]|[^\s:/?#@\[\],]+)(?::{_PORT})?"
_USER = r"(?:[^,:/?#]*(?::[^/?#]*)?@)?"
_PATH = r"/[^,?#]*"
_QUERY = r"(?:[?#].*)?"
# Several hosts are PostgreSQL's, as is none: a socket of this machine.
_ADDRESS = re.compile(rf"[a-z]+://{_USER}{_HOST}(?:,{_HOST})*(?:{_PATH})?{_QUERY}|postgres(?:ql)?://{_USER}{_PATH}{_QUERY}")
_NUMBERED = re.compile(r"\d{1,4}=")
_SCHEMES = {
    "catalog_dsn": ("postgresql://", "postgres://"),
    "shard_dsns": ("postgresql://", "postgres://"),
    "move_dsns": ("postgresql://", "postgres://"),
    "replica_dsns": ("postgresql://", "postgres://"),
    "backup_dsns": ("postgresql://", "postgres://"),
    "backup_s3_endpoint": ("http://", "https://"),
    "redis_url": redis_address.SCHEMES,
    "upstream_url": ("http://", "https://"),
}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from the environment; SettingsError names the first wrong one. Empty values count as unset."""
    source = os.environ if environment is None else environment
    raw: dict[str, object] = _options(source)
    for name, value in source.items():
        if name.startswith(PREFIX) and value.strip():
            field = name.removeprefix(PREFIX).lower()
            if _is_option(field):
                continue
            _require_known(field, name)
            raw[field] = _value(field, value)
            _require_address(field, name, value)
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    _require_parallel(settings)
    _require_shards(settings)
    _require_backups(settings)
    _require_cache(settings)
    return settings


def _options(source: Mapping[str, str]) -> dict[str, object]:
    said = {name.removeprefix(PREFIX).lower(): value.strip() for name, value in source.items() if name.startswith(PREFIX)}
    options = {name: value for name, value in said.items() if value and _is_option(name)}
    return {
        field: {name.removeprefix(prefix): value for name, value in options.items() if name.startswith(prefix)}
        for prefix, field in _OPTIONS.items()
    }


def _is_option(field: str) -> bool:
    return field.startswith(tuple(_OPTIONS)) and field not in _NO_OPTIONS


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise SettingsError(f"{name} is not set; `onelast up` would start a server for it, this command needs yours.")
    return value


def _value(field: str, value: str) -> object:
    if field in _PARALLEL_TO_URLS:
        return [item.strip() for item in value.split(",")]
    if field == "cache_layers":
        return _layers(_items(field, value))
    return _items(field, value) if field in _LISTS else value.strip()


def _items(field: str, value: str) -> list[str]:
    items = _NEXT_DSN.split(value) if field in _DSN_LISTS else value.split(",")
    return [item.strip(", ") for item in items if item.strip(", ")]


def _layers(items: Sequence[str]) -> Sequence[str]:
    try:
        return read_layers(items)
    except ValueError as problem:
        raise SettingsError(str(problem)) from None


def _require_known(field: str, name: str) -> None:
    if field not in Settings.__struct_fields__:
        raise SettingsError(f"{name} is not a setting; see docs/reference/settings.md for those there are.")


def _require_address(field: str, name: str, value: str) -> None:
    addresses = _items(field, value) if field in _LISTS else [value.strip()]
    for item in _unnumbered(name, addresses) if field == "replica_dsns" else addresses if field in _SCHEMES else ():
        if not item.startswith(_SCHEMES[field]):
            raise SettingsError(f"{name} must begin with {' or '.join(_SCHEMES[field])}.")
        if field == "redis_url" and (fault := redis_address.fault_of(item)) is not None:
            raise SettingsError(f"{name} {fault}.")
        if field != "redis_url" and not _ADDRESS.fullmatch(item):
            raise SettingsError(f"{name} has no readable host and port; write # / ? @ in a password as %23 %2F %3F %40.")


def _unnumbered(name: str, items: Sequence[str]) -> list[str]:
    for item in items:
        if not _NUMBERED.match(item):
            raise SettingsError(f"{name} must be <shard>=<dsn>, several with commas: 0=postgresql://…,1=postgresql://….")
    return [item.split("=", 1)[1] for item in items]


def _require_parallel(settings: Settings) -> None:
    upstreams, keys, said = len(settings.upstream_url), len(settings.upstream_api_key), len(settings.upstream_continues)
    if keys > upstreams:
        raise SettingsError(f"ONELAST_UPSTREAM_API_KEY has more entries ({keys}) than ONELAST_UPSTREAM_URL ({upstreams}).")
    if said not in {1, upstreams}:
        raise SettingsError(f"ONELAST_UPSTREAM_CONTINUES must have one entry, or {upstreams}: as many as ONELAST_UPSTREAM_URL.")


def _require_shards(settings: Settings) -> None:
    for number in settings.replicas:
        if number >= len(settings.shards):
            raise SettingsError(f"ONELAST_REPLICA_DSNS names shard {number}, for which ONELAST_SHARD_DSNS has no database.")
    if len(settings.move_dsns) not in {0, len(settings.shards)}:
        raise SettingsError(
            f"ONELAST_MOVE_DSNS must have an entry for each shard: it has {len(settings.move_dsns)} for {len(settings.shards)}."
        )


def _require_backups(settings: Settings) -> None:
    target = settings.backup_target
    if target is not None and "://" in target and not re.fullmatch(r"s3://[\w.-]{3,63}(/[^?#\s]*)?", target):
        raise SettingsError("ONELAST_BACKUP_TARGET must be a folder, or a bucket as s3://bucket/prefix.")
    if target is not None and settings.backup_key_file is None:
        raise SettingsError("ONELAST_BACKUP_TARGET needs ONELAST_BACKUP_KEY_FILE as well; `onelast backup key FILE` makes one.")
    if settings.backup_every is not None and target is None:
        raise SettingsError("ONELAST_BACKUP_EVERY needs ONELAST_BACKUP_TARGET as well.")


def _require_cache(settings: Settings) -> None:
    try:
        require_owned(settings.cache_options, settings.cache_layers)
    except ValueError as problem:
        raise SettingsError(str(problem)) from None


def _sentence(error: msgspec.ValidationError) -> str:
    text = str(error)
    match = re.search(r"at `\$\.(\w+)", text)
    name = PREFIX + match[1].upper() if match else "A setting"
    return f"{name} is wrong: {text.split(' - at', maxsplit=1)[0]}."
