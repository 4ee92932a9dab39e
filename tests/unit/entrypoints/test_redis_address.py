"""The three forms of ONELAST_REDIS_URL."""

import pytest

from adapters.redis.addresses import parse_address
from entrypoints.settings import SettingsError, read_settings

SECRET = "sesame"


@pytest.mark.parametrize("url", [
    "redis://host", "redis://host/", "rediss://:pw@host:6380/3", "valkey://[::1]:6379", "redis://host?db=3",
    "redis+sentinel://a:26379,b,[::1]:1/main",
    "redis+sentinel://user:p%2Fw@a/main/2?sentinel_username=x&sentinel_password=y", "rediss+cluster://:pw@a:7000,b:7001",
    "redis+cluster://a/0",
])
def test_each_form_is_read(url: str) -> None:
    assert read_settings({"ONELAST_REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize(("url", "why"), [
    (f"redis://:{SECRET}@a,b", "several hosts"), (f"redis+sentinel://:{SECRET}@a,b", "service"),
    (f"redis+sentinel://:{SECRET}@a/", "service"), (f"redis+sentinel://a/main/x?sentinel_password={SECRET}", "service"),
    (f"redis+sentinel://a/main?password={SECRET}", "option"),
    (f"redis+cluster://:{SECRET}@a,b/1", "one database"), (f"redis+cluster://a?password={SECRET}", "one database"),
    (f"redis+cluster://:{SECRET}@a,,b", "host and port"), (f"redis+cluster://:{SECRET}#x@a", "host and port"),
    (f"redis+cluster://:{SECRET}/x@a", "host and port"), (f"redis+cluster://:{SECRET}@a:70000", "host and port"),
    (f"redis+magic://:{SECRET}@a", "must begin with"),
    (f"redis://:{SECRET}@a/0/7", "number of a database"), (f"redis://:{SECRET}@a/x", "number of a database"),
    (f"redis://a?password={SECRET}", "number of a database"), (f"redis://:{SECRET}@a?db=x", "number of a database"),
])
def test_what_cannot_be_is_told_without_a_secret(url: str, why: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"ONELAST_REDIS_URL": url})
    message = str(refused.value)
    assert message.startswith("ONELAST_REDIS_URL ")
    assert why in message
    assert SECRET not in message


def test_an_address_of_sentinels_keeps_the_two_kinds_of_passwords_apart() -> None:
    found = parse_address("rediss+sentinel://user:p%2Fw@a:1,[::1]/main/2?sentinel_username=x&sentinel_password=y")
    assert found.hosts == (("a", 1), ("::1", 26379))
    assert (found.service, found.database, found.sentinel_username, found.sentinel_password) == ("main", 2, "x", "y")
    assert found.of_server("::2", 6379) == "rediss://user:p%2Fw@[::2]:6379/2"


@pytest.mark.parametrize(("url", "database"), [
    ("redis://a", 0), ("redis://a/", 0), ("redis://a/3", 3), ("valkey://a?db=3", 3), ("redis://a/1?db=3", 3),
])
def test_an_address_of_one_server_names_its_database(url: str, database: int) -> None:
    found = parse_address(url)
    assert (found.form, found.hosts, found.database) == ("single", (("a", 6379),), database)


def test_an_address_of_one_server_says_who_signs_in_and_how() -> None:
    found = parse_address("rediss://user:p%2Fw@[::1]:1")
    assert (found.username, found.password, found.secure, found.hosts) == ("user", "p/w", True, (("::1", 1),))
