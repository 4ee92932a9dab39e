"""Settings out of the environment."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.users.plan import Plan
from entrypoints.settings import Settings, SettingsError, read_settings

SECRET = "hunter2"
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NAMES = st.sampled_from([f"ONELAST_{field.upper()}" for field in Settings.__struct_fields__])


def read(**fields: str) -> Settings:
    """Return the settings of an environment that holds these and others' variables."""
    return read_settings({"PATH": "/bin", "ONELASTING": "x"} | {f"ONELAST_{name}": value for name, value in fields.items()})


def refused(**fields: str) -> str:
    """Return why the settings are refused."""
    with pytest.raises(SettingsError) as problem:
        read(**fields)
    return str(problem.value)


def test_nothing_has_to_be_set() -> None:
    assert read() == Settings()


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_value_counts_as_unset(empty: str) -> None:
    assert read(PORT=empty, CATALOG_DSN=empty, SIGNUP_PLAN=empty) == Settings()


def test_each_value_is_read_as_what_it_is() -> None:
    settings = read(HOST="0.0.0.0", PORT=" 9000 ", SIGNUP_PLAN="pro", POOL_SIZE="3", LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    assert (settings.host, settings.port, settings.signup_plan) == ("0.0.0.0", 9_000, Plan.PRO)
    assert (settings.pool_size, settings.log_level, settings.log_format) == (3, "DEBUG", "json")


def test_lists_are_separated_by_commas_and_keep_their_order() -> None:
    settings = read(SHARD_DSNS="postgresql://b/one, postgres://a/two ,", UPSTREAM_MODELS=" small,large, ")
    assert settings.shard_dsns == ("postgresql://b/one", "postgres://a/two")
    assert settings.upstream_models == ("small", "large")


@pytest.mark.parametrize(("fields", "catalog", "shards"), [
    ({}, None, ()),
    ({"CATALOG_DSN": "postgresql://c"}, "postgresql://c", ("postgresql://c",)),
    ({"SHARD_DSNS": "postgresql://a,postgresql://b"}, "postgresql://a", ("postgresql://a", "postgresql://b")),
    ({"CATALOG_DSN": "postgresql://c", "SHARD_DSNS": "postgresql://a"}, "postgresql://c", ("postgresql://a",)),
])
def test_catalog_and_shards_stand_in_for_each_other(
    fields: dict[str, str], catalog: str | None, shards: tuple[str, ...]
) -> None:
    settings = read(**fields)
    assert (settings.catalog, settings.shards) == (catalog, shards)


def test_the_data_folder_is_absolute() -> None:
    assert read().data_path == Path.cwd() / ".onelast"
    assert read(DATA_DIR="~/data").data_path == Path.home() / "data"


@pytest.mark.parametrize(("name", "value"), [
    ("PORT", "http"), ("PORT", "-1"), ("PORT", "65536"), ("PORT", "80.5"), ("POOL_SIZE", "0"), ("POOL_SIZE", "201"),
    ("SLOW_QUERY_SECONDS", "0"),
    ("NODES", "0"), ("DATABASE_CORES", "0"), ("DATABASE_TIMEOUT", "0"), ("POOLER", "odyssey"),
    ("UPSTREAM_CONTEXT_TOKENS", "255"), ("SIGNUP_PLAN", "gold"), ("LOG_LEVEL", "debug"), ("LOG_FORMAT", "xml"),
    ("CATALOG_DSN", "mysql://host/db"), ("CATALOG_DSN", "host"), ("SHARD_DSNS", "postgresql://a, host"),
    ("REDIS_URL", "http://host"), ("UPSTREAM_URL", "host:8000/v1"),
    ("CACHE_LAYERS", "memcached"), ("CACHE_LAYERS", "redis,redis"), ("CACHE_MEMORY", "64MB"), ("CACHE_MEMORY", "1048575"),
])
def test_a_wrong_value_is_named_in_one_sentence(name: str, value: str) -> None:
    message = refused(**{name: value})
    assert message.startswith(f"ONELAST_{name} ")
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize("name", ["PORTS", "DATABASE_URL", "", "port "])
def test_a_variable_that_is_no_setting_is_named(name: str) -> None:
    assert refused(**{name: "1"}) == (
        f"ONELAST_{name} is not a setting; see docs/reference/settings.md for those there are."
    )


def test_what_the_prefix_does_not_begin_is_others_and_left_alone() -> None:
    assert read_settings({"ONELAST": "x", "onelast_port": "x", "MY_ONELAST_PORT": "x"}) == Settings()


@pytest.mark.parametrize(("name", "value"), [
    ("CATALOG_DSN", f"mysql://root:{SECRET}@host/db"), ("SHARD_DSNS", f"postgresql://a,root:{SECRET}@host"),
    ("REDIS_URL", f"http://:{SECRET}@host"), ("REDIS_URL", SECRET), ("UPSTREAM_URL", f"ftp://{SECRET}@host"),
    ("UPSTREAM_API_KEY", SECRET), ("DATABASE_URL", f"postgresql://root:{SECRET}@host/db"), ("CATALOG_DSN", f"postgres://a:b:{SECRET}"),
])
def test_no_address_and_no_key_is_repeated(name: str, value: str) -> None:
    assert SECRET not in refused(**{name: value})


@given(st.dictionaries(NAMES, VALUES | VALUES.map("postgresql://".__add__) | VALUES.map("http://h,".__add__), max_size=4))
def test_whatever_is_set_is_read_or_refused_by_name(environment: dict[str, str]) -> None:
    try:
        said = repr(read_settings(environment))
    except SettingsError as problem:
        said = str(problem)
    assert said.startswith(("Settings(", *environment))


@pytest.mark.parametrize(("require", "name", "field"), [
    (Settings.require_catalog, "CATALOG_DSN", "postgresql://host/db"), (Settings.require_redis, "REDIS_URL", "redis://host"),
])
def test_what_a_command_cannot_do_without_is_named_when_it_is_not_set(require: object, name: str, field: str) -> None:
    assert callable(require)
    assert require(read(**{name: field})) == field
    with pytest.raises(SettingsError, match=f"ONELAST_{name} is not set"):
        require(read())


def test_what_follows_the_edge_s_name_is_an_option_of_it() -> None:
    settings = read(EDGE=" varnish ", EDGE_URL=" http://one,http://two ", EDGE_TOKEN="word", EDGE_ZONE=" ")
    assert (settings.edge, settings.edge_options) == ("varnish", {"url": "http://one,http://two", "token": "word"})


@pytest.mark.parametrize("name", ["Varnish", "two words", "-", "x" * 65])
def test_a_name_that_no_edge_has_is_refused(name: str) -> None:
    assert refused(EDGE=name).startswith("ONELAST_EDGE ")
