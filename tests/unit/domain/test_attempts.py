from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.users.attempts import LONGEST_WAIT, Patience, Tally, network_of
from tests.support.builders import NOW


@given(count=st.integers(0, 10**6), free=st.integers(1, 100), passed=st.floats(0, 10_000))
def test_nobody_waits_while_attempts_are_free_nor_ever_longer_than_two_minutes(count: int, free: int, passed: float) -> None:
    wait = Patience(free).wait(Tally(count, NOW), NOW + timedelta(seconds=passed))
    assert 0 <= wait <= LONGEST_WAIT
    if count < free or passed >= LONGEST_WAIT:
        assert wait == 0


@given(count=st.integers(5, 100))
def test_each_further_attempt_waits_at_least_as_long_as_the_one_before(count: int) -> None:
    waits = [Patience(5).wait(Tally(number, NOW), NOW) for number in (count, count + 1)]
    assert 1 <= waits[0] <= waits[1]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2::7", "2001:db8:1:2::/64"), ("2001:db8:1:2:f::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"), (None, "unknown"), ("testclient", "unknown"),
    ],
)
def test_an_ipv4_address_and_what_one_ipv6_line_has_are_one_place(address: str | None, place: str) -> None:
    assert network_of(address) == place
