"""What is stored of a server's log, and what of it can be replayed."""

from application.backups.archive import StoredWal
from application.backups.stock import Stock, told_segments
from application.ports.backup_storage import StoredObject
from domain.backups.base import Covered
from domain.backups.timelines import Timelines
from domain.backups.wal import Segment, partial_name
from tests.unit.backups.builders import NOON, SEGMENT, base


def name(number: int) -> str:
    return Segment(number, 1).name(SEGMENT)


def wal(*names: str) -> StoredWal:
    return StoredWal({one: StoredObject(one, 1, NOON) for one in names}, SEGMENT)


def gaps(stored: StoredWal, covered: int | None = None) -> list[int]:
    """Return the numbers that are missing after a base backup in segment 1."""
    backup = base(0, segment=1)
    stock = Stock([backup], stored, Timelines(), None if covered is None else Covered(NOON, covered))
    return [segment.number for segment in stock.gaps(backup)]


def test_of_each_segment_the_whole_file_is_best_and_then_the_longest_beginning() -> None:
    stored = wal(partial_name(name(2), 10), name(2), partial_name(name(3), 10), partial_name(name(3), 20))
    assert list(stored.segments().values()) == [name(2), partial_name(name(3), 20)]


def test_the_beginning_of_the_newest_segment_is_no_gap() -> None:
    assert gaps(wal(name(2), partial_name(name(3), 10))) == []


def test_a_beginning_in_the_middle_of_the_log_is_a_gap() -> None:
    assert gaps(wal(partial_name(name(2), 10), name(3))) == [2]


def test_a_beginning_of_which_the_end_was_noted_as_stored_is_a_gap() -> None:
    stored = wal(name(2), partial_name(name(3), 10))
    assert gaps(stored, covered=4 * SEGMENT - 1) == []
    assert gaps(stored, covered=4 * SEGMENT) == [3]


def test_an_end_that_was_noted_as_stored_and_is_not_there_is_a_gap() -> None:
    assert gaps(wal(name(2)), covered=4 * SEGMENT) == [3]
    assert gaps(wal(), covered=3 * SEGMENT) == [2]


def test_many_missing_segments_are_told_in_few_words() -> None:
    assert told_segments([Segment(2, 1)], SEGMENT) == name(2)
    assert told_segments([Segment(number, 1) for number in range(2, 9)], SEGMENT) == f"{name(2)} … {name(8)} (7 segments)"
