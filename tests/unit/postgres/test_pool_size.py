"""The formula of docs/reference/pools.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.pool_size import LEAST, ROOM, ServerLimits, pool_size

USUAL = ServerLimits(most=100, reserved=3)


@pytest.mark.parametrize(
    ("cores", "pools", "size"),
    [
        (1, 1, 20),  # 3 would be busy, a burst finds 20
        (8, 1, 20),
        (16, 1, 33),
        (40, 2, 41),  # 81 among 2, rounded up
        (2, 4, 20),  # 80 of the 87 that a server admits as it comes
        (2, 29, 3),  # 29 x 20 would not be admitted
        (2, 500, 1),
    ],
)
def test_a_pool_has_its_share_of_what_the_server_can_do_at_once(cores: int, pools: int, size: int) -> None:
    assert pool_size(cores, pools=pools, limits=USUAL) == size


def test_without_the_servers_word_the_cores_decide() -> None:
    assert pool_size(64, limits=None) == 129
    assert pool_size(64, limits=USUAL) == 87
    assert pool_size(1, pools=500) == LEAST


@given(cores=st.integers(1, 1024), pools=st.integers(1, 200), most=st.integers(1, 5000), reserved=st.integers(0, 50))
def test_all_pools_together_fit_where_there_is_a_connection_for_each(cores: int, pools: int, most: int, reserved: int) -> None:
    limits = ServerLimits(most, reserved)
    size = pool_size(cores, pools=pools, limits=limits)
    assert size >= 1
    assert size * pools <= most - reserved - ROOM or (size == 1 and limits.for_nodes < pools)
