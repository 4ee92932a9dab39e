"""Which model servers the settings name."""

import pytest

from entrypoints.settings import Settings, SettingsError, read_settings
from entrypoints.upstreams import Upstream

URLS = "http://one:1/v1, https://two/v1"


def read(urls: str = URLS, **more: str) -> Settings:
    """Return the settings with these `ONELAST_UPSTREAM_…`."""
    named = {"url": urls, **more}
    return read_settings({f"ONELAST_UPSTREAM_{name.upper()}": value for name, value in named.items()})


def test_servers_stand_in_the_order_of_preference_without_keys_and_beginnings() -> None:
    assert read().require_upstreams() == (
        Upstream("http://one:1/v1", None, "false"), Upstream("https://two/v1", None, "false"),
    )


@pytest.mark.parametrize(("keys", "read_keys"), [
    ("k1", ["k1", None]), (",k2", [None, "k2"]), ("k1,", ["k1", None]), ("k1, k2", ["k1", "k2"]), (",", [None, None]),
])
def test_keys_stand_in_the_same_order_and_may_be_empty_or_missing(keys: str, read_keys: list[str | None]) -> None:
    assert [upstream.api_key for upstream in read(api_key=keys).upstreams] == read_keys


def test_more_keys_than_servers_are_refused_without_showing_them() -> None:
    with pytest.raises(SettingsError, match=r"ONELAST_UPSTREAM_API_KEY has more entries \(3\) than") as found:
        read(api_key="sesame1,sesame2,sesame3")
    assert "sesame" not in str(found.value)


@pytest.mark.parametrize(("said", "continues"), [
    ("true", ["true", "true"]), ("false", ["false", "false"]), ("vllm", ["vllm", "vllm"]), ("false, vllm", ["false", "vllm"]),
])
def test_one_word_about_beginnings_goes_for_all_servers_and_several_in_order(said: str, continues: list[str]) -> None:
    assert [upstream.continues for upstream in read(continues=said).upstreams] == continues


@pytest.mark.parametrize("said", ["yes", "true,", "true,true,true"])
def test_another_word_or_another_number_of_words_about_beginnings_is_refused(said: str) -> None:
    with pytest.raises(SettingsError, match="ONELAST_UPSTREAM_CONTINUES"):
        read(continues=said)


def test_times_are_seconds() -> None:
    found = read(connect_timeout="0.5", first_token_timeout="30", token_timeout="7")
    assert (found.upstream_connect_timeout, found.upstream_first_token_timeout, found.upstream_token_timeout) == (0.5, 30, 7)
    default = read()
    assert (default.upstream_connect_timeout, default.upstream_first_token_timeout, default.upstream_token_timeout) == (5, 60, 60)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    with pytest.raises(SettingsError, match="ONELAST_UPSTREAM_TOKEN_TIMEOUT"):
        read(token_timeout=seconds)


@pytest.mark.parametrize("urls", ["http://one/v1,redis://two", "http://one/v1,http://u:sesame@:1/v1"])
def test_each_address_is_looked_at(urls: str) -> None:
    with pytest.raises(SettingsError, match="ONELAST_UPSTREAM_URL") as found:
        read(urls)
    assert "sesame" not in str(found.value)


def test_a_command_that_needs_a_server_names_the_setting() -> None:
    with pytest.raises(SettingsError, match="ONELAST_UPSTREAM_URL is not set"):
        Settings().require_upstreams()


def test_a_key_is_not_shown_with_its_server() -> None:
    assert "sesame" not in repr(read(api_key="sesame").upstreams)
