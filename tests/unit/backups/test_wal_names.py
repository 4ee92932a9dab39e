"""Names of the log's files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.backups.wal import Segment, lsn_of, lsn_text, parse_partial, partial_name
from tests.unit.backups.builders import MIB, SEGMENT

SIZES = st.sampled_from([MIB, SEGMENT, 1024 * MIB])


@pytest.mark.parametrize(("lsn", "name"), [("0/1000028", 24 * "0"), ("16/B374D848", "0000000100000016000000B3")])
def test_a_segment_is_called_as_postgresql_calls_it(lsn: str, name: str) -> None:
    wanted = name if name.strip("0") else "000000010000000000000001"
    assert Segment.of(lsn_of(lsn), 1, SEGMENT).name(SEGMENT) == wanted


@given(st.integers(0, 2**40), st.integers(1, 2**31), SIZES)
def test_a_name_is_read_back_as_its_segment(number: int, timeline: int, size: int) -> None:
    segment = Segment(number % (2**64 // size), timeline)
    assert Segment.parse(segment.name(size), size) == segment


@given(st.integers(0, 2**64 - 1))
def test_a_position_is_read_back(lsn: int) -> None:
    assert lsn_of(lsn_text(lsn)) == lsn


def test_the_beginning_of_a_segment_tells_its_length() -> None:
    name = "0000000100000016000000B3"
    assert parse_partial(partial_name(name, 4_096)) == (name, 4_096)
    assert parse_partial(name) is None
