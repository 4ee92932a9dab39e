"""Settings, decoded once from `ONELAST_*` into one frozen structure."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.analytics.usage import PriceList
from domain.users.limits import Limits
from domain.users.plan import Plan
from entrypoints.addresses import LISTS, read_items, require_address
from entrypoints.layer_names import read_layers, require_owned
from entrypoints.oidc_settings import OidcSetting, read_oidc
from entrypoints.plans import read_plans, read_prices
from entrypoints.problems import OperatorProblem
from entrypoints.upstreams import Continues, Upstream, pair
from entrypoints.web_settings import public_address, require_networks, require_origins

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
    notifier: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}$")] = "console"
    notifier_options: Mapping[str, str] = {}
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    upstream_url: tuple[str, ...] = ()
    upstream_api_key: tuple[str, ...] = ()
    upstream_models: tuple[str, ...] = ("*",)
    upstream_context_tokens: Annotated[int, Meta(ge=256)] = 8192
    upstream_continues: tuple[Continues, ...] = ("false",)
    upstream_connect_timeout: Seconds = 5.0
    upstream_first_token_timeout: Seconds = 60.0
    upstream_token_timeout: Seconds = 60.0
    upstream_coalescing: Annotated[float, Meta(ge=0, le=1)] = 0.2
    default_model: str | None = None
    signup_plan: Plan = Plan.FREE
    plan_options: Mapping[str, str] = {}
    oidc_options: Mapping[str, str] = {}
    prices: tuple[str, ...] = ()
    pool_size: Annotated[int, Meta(ge=1, le=200)] | None = None
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    nodes: Annotated[int, Meta(ge=1, le=10_000)] = 1
    database_cores: Annotated[int, Meta(ge=1, le=1024)] | None = None
    database_timeout: Seconds = 5.0
    pooler: Literal["none", "pgbouncer"] = "none"
    slow_query_seconds: Seconds = 0.2
    most_lag: Seconds = 0.1
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

    @property
    def plans(self) -> Mapping[Plan, Limits]:
        """What each plan allows."""
        return read_plans(self.plan_options)

    @property
    def oidc_providers(self) -> tuple[OidcSetting, ...]:
        """Where people may sign in."""
        return read_oidc(self.oidc_options)

    @property
    def price_list(self) -> PriceList:
        """What models cost."""
        return read_prices(self.prices)

    @property
    def public_address(self) -> str:
        """The address that links to the service begin with, without a slash at its end."""
        return public_address(self.public_url, self.host, self.port)

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


# What follows in a variable's name is an option of the edge that ONELAST_EDGE names, of one of ONELAST_CACHE_LAYERS, of the
# notifier, or a plan's or a provider's.
_OPTIONS = {
    "edge_": "edge_options", "cache_": "cache_options", "plan_": "plan_options", "notifier_": "notifier_options",
    "oidc_": "oidc_options",
}
_NO_OPTIONS = {"cache_layers", "cache_memory"}
_PARALLEL_TO_URLS = {"upstream_api_key", "upstream_continues"}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from the environment; SettingsError names the first wrong one. Empty values count as unset."""
    source = os.environ if environment is None else environment
    try:
        settings = msgspec.convert(_options(source) | _values(source), Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except ValueError as problem:
        raise SettingsError(str(problem)) from None
    _require_parallel(settings)
    _require_shards(settings)
    _require_backups(settings)
    _require_readable(settings)
    return settings


def _values(source: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in source.items():
        field = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and value.strip() and not _is_option(field):
            _require_known(field, name)
            values[field] = _value(field, value)
            require_address(field, name, value)
    return values


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
        return read_layers(read_items(field, value))
    return read_items(field, value) if field in LISTS else value.strip()


def _require_known(field: str, name: str) -> None:
    if field not in Settings.__struct_fields__:
        raise SettingsError(f"{name} is not a setting; see docs/reference/settings.md for those there are.")


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


def _require_readable(settings: Settings) -> None:
    try:
        require_owned(settings.cache_options, settings.cache_layers)
        require_networks(settings.trusted_proxies)
        require_origins(settings.cors_origins)
        public_address(settings.public_url, settings.host, settings.port)
        read_plans(settings.plan_options)
        read_prices(settings.prices)
        read_oidc(settings.oidc_options)
    except ValueError as problem:
        raise SettingsError(str(problem)) from None


def _sentence(error: msgspec.ValidationError) -> str:
    text = str(error)
    match = re.search(r"at `\$\.(\w+)", text)
    name = PREFIX + match[1].upper() if match else "A setting"
    return f"{name} is wrong: {text.split(' - at', maxsplit=1)[0]}."
