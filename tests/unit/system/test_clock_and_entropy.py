"""The computer's clock and randomness."""

from datetime import UTC

from adapters.system.clock import SystemClock
from adapters.system.entropy import SystemEntropy
from domain.shared.identifiers import bucket_of, millis_of, parse_identifier
from domain.shared.secrets import API_KEY_PREFIX

MANY = 5_000


def test_the_time_is_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_identifiers_are_well_formed_of_now_and_in_their_bucket() -> None:
    before = SystemClock().now()
    made = SystemEntropy().identifier("session", 4_095)
    after = SystemClock().now()
    assert parse_identifier("session", made, param="id") == made
    assert bucket_of(made) == 4_095
    assert int(before.timestamp() * 1_000) <= millis_of(made) <= after.timestamp() * 1_000


def test_no_two_identifiers_of_one_bucket_are_equal() -> None:
    entropy = SystemEntropy()
    assert len({entropy.identifier("message", 7) for _ in range(MANY)}) == MANY


def test_buckets_are_spread_over_the_whole_range() -> None:
    entropy = SystemEntropy()
    buckets = {entropy.bucket() for _ in range(MANY)}
    assert len(buckets) > 2_000
    assert 0 <= min(buckets) < 256
    assert 3_840 <= max(buckets) <= 4_095


def test_secrets_say_what_they_are_and_are_never_equal() -> None:
    entropy = SystemEntropy()
    secrets = {entropy.secret(API_KEY_PREFIX) for _ in range(MANY)}
    assert len(secrets) == MANY
    assert {(secret[:4], len(secret)) for secret in secrets} == {("ola_", 4 + 43)}
