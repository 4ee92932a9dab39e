"""From which base backup a moment is restored, over which timelines, and whether the log has a gap."""

from datetime import timedelta

import pytest

from domain.backups.choice import choose
from domain.backups.problems import NotRestorable
from domain.backups.schedule import is_due
from domain.backups.timelines import Timelines, missing
from domain.backups.wal import Segment, lsn_text
from tests.unit.backups.builders import NOON, SEGMENT, base

DAY = timedelta(days=1)


def log(*numbers: int, timeline: int = 1) -> list[Segment]:
    """Return segments of a timeline."""
    return [Segment(number, timeline) for number in numbers]


def forked(at: int) -> Timelines:
    """Return the way onto timeline 2, which left timeline 1 in this segment."""
    return Timelines.parse(2, f"1\t{lsn_text(at * SEGMENT + 100)}\tbefore 2026-10-24 12:00:00+00\n")


def test_the_newest_that_was_whole_at_the_moment_is_chosen_and_the_next_one_bounds_the_log() -> None:
    backups = [base(2, segment=30), base(0, segment=10), base(1, segment=20)]
    source = choose(backups, Timelines(), NOON + timedelta(hours=1.5))
    assert (source.backup.name, source.first, source.last) == ("1300", 20, 30)


def test_for_the_latest_moment_the_newest_is_chosen_with_all_of_the_log() -> None:
    source = choose([base(0, segment=10), base(1, segment=20)], Timelines(), None)
    assert (source.backup.name, source.first, source.last) == ("1300", 20, None)


def test_a_backup_that_was_not_yet_whole_at_the_moment_does_not_do() -> None:
    backup = base(0)
    assert choose([backup], Timelines(), backup.ended_at).backup == backup
    with pytest.raises(NotRestorable, match="oldest moment"):
        choose([backup], Timelines(), backup.ended_at - timedelta(microseconds=1))


def test_a_backup_on_a_timeline_that_was_left_before_is_passed_over() -> None:
    early, abandoned = base(0, segment=5), base(1, segment=20)
    assert choose([early, abandoned], forked(10), None).backup == early
    with pytest.raises(NotRestorable, match="no whole base backup"):
        choose([abandoned], forked(10), None)


def test_a_gap_is_what_lies_between_and_not_what_has_yet_to_come() -> None:
    assert missing(Segment(3, 1), log(3, 4, 6, 7), Timelines(), SEGMENT) == (Segment(5, 1),)
    assert missing(Segment(3, 1), log(1, 2), Timelines(), SEGMENT) == ()
    assert missing(Segment(3, 1), [], Timelines(), SEGMENT) == ()


def test_the_end_of_the_log_is_missed_when_it_was_noted_as_stored() -> None:
    assert missing(Segment(3, 1), log(3), Timelines(), SEGMENT, reach=5 * SEGMENT) == (Segment(4, 1),)
    assert missing(Segment(3, 1), log(3), Timelines(), SEGMENT, reach=4 * SEGMENT) == ()


def test_the_log_goes_on_over_a_fork_and_the_abandoned_end_fills_no_gap() -> None:
    way = forked(5)
    assert missing(Segment(3, 1), log(3, 4) + log(5, 6, timeline=2), way, SEGMENT) == ()
    assert missing(Segment(3, 1), log(3, 4, 5) + log(6, timeline=2), way, SEGMENT) == ()
    assert missing(Segment(3, 1), log(3, 4, 5, 6, 7) + log(5, 7, timeline=2), way, SEGMENT) == (Segment(6, 2),)
    assert missing(Segment(3, 1), log(3, 4, 5, 6, 7, 8, 9) + log(5, timeline=2), way, SEGMENT) == ()


@pytest.mark.parametrize(("hours", "stored", "way", "due"), [
    (23, log(2, 3), Timelines(), False),
    (24, log(2, 3), Timelines(), True),
    (1, log(2, 4), Timelines(), True),
    (1, [], Timelines(), False),
    (1, log(2), forked(2), False),
    (1, log(2), forked(0), True),
])
def test_one_is_due_by_time_or_because_the_log_does_not_lead_on_from_the_newest(
    hours: float, stored: list[Segment], way: Timelines, due: bool
) -> None:
    assert is_due([base(0, segment=1)], stored, way, DAY, NOON + timedelta(hours=hours)) is due


def test_the_first_one_is_due() -> None:
    assert is_due([], [], Timelines(), DAY, NOON)
