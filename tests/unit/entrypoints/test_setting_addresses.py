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


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ONELAST_CATALOG_DSN", "postgresql://u:sesame#open@host/db"), ("ONELAST_CATALOG_DSN", "postgresql://u:sesame/open@host/db"),
        ("ONELAST_CATALOG_DSN", "postgresql://host:sesame/db"), ("ONELAST_CATALOG_DSN", "postgresql://"),
        ("ONELAST_CATALOG_DSN", "mysql://u:sesame@host/db"), ("ONELAST_SHARD_DSNS", "postgresql://one/db,postgresql://two:sesame/db"),
        ("ONELAST_REDIS_URL", "redis://u:sesame?@host"), ("ONELAST_REDIS_URL", "redis://:sesame@host:65536"),
        ("ONELAST_UPSTREAM_URL", "http://"), ("ONELAST_UPSTREAM_URL", "http://:80/v1"), ("ONELAST_UPSTREAM_URL", "https://host:sesame"),
    ],
)
def test_any_other_is_refused_by_name_and_not_shown(name: str, address: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        read_settings({name: address})
    assert "sesame" not in str(refused.value)
