"""Addresses among the settings are read before anything starts."""

import pytest

from entrypoints.settings import SettingsError, read_settings


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://host", "postgresql://u:p@host:5432/db?sslmode=require", "postgresql:///db?host=/run/postgresql",
        "postgresql://u:a,b%23@[::1]:65535/db", "postgresql://one:5432,two:5432/db",
    ],
)
def test_a_readable_address_is_taken_as_it_is(dsn: str) -> None:
    assert read_settings({"ONELAST_CATALOG_DSN": f" {dsn} "}).catalog_dsn == dsn


@pytest.mark.parametrize("comma", [",", " , ", ",,", ", ,"])
def test_several_hosts_of_one_address_stay_together(comma: str) -> None:
    dsns = ("postgresql://u:a,b@one:5432,two:5432/db", "postgres://one,two,[::1]", "postgresql:///db?host=/run/a,/run/b")
    assert read_settings({"ONELAST_SHARD_DSNS": comma.join(dsns)}).shards == dsns


def test_replicas_of_a_shard_may_have_several_hosts_each() -> None:
    settings = {"ONELAST_SHARD_DSNS": "postgresql://one,two/db", "ONELAST_REPLICA_DSNS": "0=postgresql://a,b/db, 0=postgresql://c/db"}
    assert read_settings(settings).replicas == {0: ("postgresql://a,b/db", "postgresql://c/db")}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ONELAST_CATALOG_DSN", "postgresql://u:sesame#open@host/db"), ("ONELAST_CATALOG_DSN", "postgresql://u:sesame/open@host/db"),
        ("ONELAST_CATALOG_DSN", "postgresql://host:sesame/db"), ("ONELAST_CATALOG_DSN", "postgresql://"),
        ("ONELAST_CATALOG_DSN", "mysql://u:sesame@host/db"), ("ONELAST_SHARD_DSNS", "postgresql://one/db,postgresql://two:sesame/db"),
        ("ONELAST_SHARD_DSNS", "postgresql://u:sesame@one/db,two/db"), ("ONELAST_SHARD_DSNS", "postgresql:///db,sesame"),
        ("ONELAST_CATALOG_DSN", "postgresql://one/db,postgresql://u:sesame@two/db"), ("ONELAST_SHARD_DSNS", "sesame,postgresql://one"),
        ("ONELAST_UPSTREAM_URL", "http://one,sesame"), ("ONELAST_REDIS_URL", "redis://u:sesame?@host"),
        ("ONELAST_REDIS_URL", "redis://:sesame@host:65536"), ("ONELAST_SHARD_DSNS", "postgresql://one,u:sesame@two"),
        ("ONELAST_UPSTREAM_URL", "http://"), ("ONELAST_UPSTREAM_URL", "http://:80/v1"), ("ONELAST_UPSTREAM_URL", "https://host:sesame"),
    ],
)
def test_any_other_is_refused_by_name_and_not_shown(name: str, address: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        read_settings({name: address})
    assert "sesame" not in str(refused.value)
