"""Which backups are kept, and what goes with the others."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.backups.choice import choose
from domain.backups.retention import Retention, superseded, unneeded_wal
from domain.backups.timelines import Timelines
from domain.backups.wal import SEGMENT_NAME, Segment, partial_name
from tests.unit.backups.builders import NOON, SEGMENT, base

HOURS = st.lists(st.integers(0, 400), min_size=1, max_size=12, unique=True)
RULES = st.integers(1, 5).map(Retention) | st.integers(1, 9).map(lambda days: Retention(days=days))


@pytest.mark.parametrize(("text", "rule"), [("7", Retention(7)), ("14d", Retention(days=14))])
def test_a_rule_is_a_number_of_backups_or_of_days(text: str, rule: Retention) -> None:
    assert Retention.parse(text) == rule


@pytest.mark.parametrize("text", ["0", "0d", "-1", "d", "7h", "", "1.5"])
def test_a_rule_that_would_keep_nothing_or_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number of backups like 7"):
        Retention.parse(text)


def test_the_newest_are_kept() -> None:
    backups = [base(hour, segment=hour) for hour in (3, 1, 2)]
    assert [backup.name for backup in Retention(2).kept(backups, NOON)] == ["1400", "1500"]


def test_of_days_the_one_before_their_beginning_is_kept_too() -> None:
    backups = [base(24 * day, segment=day + 1) for day in range(6)]
    kept = Retention(days=2).kept(backups, NOON + timedelta(days=5.5))
    assert kept == backups[3:]


@given(HOURS, RULES, st.integers(0, 500))
def test_whatever_the_rule_the_newest_is_kept(hours: list[int], rule: Retention, later: int) -> None:
    backups = [base(hour, segment=hour + 1) for hour in hours]
    kept = rule.kept(backups, NOON + timedelta(hours=max(hours) + later))
    assert max(backups, key=lambda backup: backup.ended_at) in kept


@given(HOURS, st.integers(1, 9), st.integers(0, 50), st.floats(0, 1))
def test_every_moment_of_the_days_that_could_be_restored_still_can(hours: list[int], days: int, later: int, share: float) -> None:
    backups = [base(hour, segment=hour + 1) for hour in hours]
    now = NOON + timedelta(hours=max(hours) + later)
    moment = now - share * timedelta(days=days)
    if any(backup.ended_at <= moment for backup in backups):
        kept = Retention(days=days).kept(backups, now)
        assert choose(kept, Timelines(), moment).backup == choose(backups, Timelines(), moment).backup


@given(HOURS, RULES)
def test_no_log_goes_that_a_kept_backup_needs_and_all_that_none_needs(hours: list[int], rule: Retention) -> None:
    backups = [base(hour, segment=hour + 1) for hour in hours]
    kept = rule.kept(backups, NOON + timedelta(hours=max(hours)))
    stored = [Segment(number, 1).name(SEGMENT) for number in range(max(hours) + 5)] + ["00000002.history"]
    removed = unneeded_wal(stored, kept, SEGMENT)
    first = min(backup.first_segment.number for backup in kept)
    left = {Segment.parse(name, SEGMENT).number for name in set(stored) - set(removed) if SEGMENT_NAME.fullmatch(name)}
    assert left == set(range(first, max(hours) + 5))
    assert "00000002.history" not in removed


def test_without_a_kept_backup_no_log_goes() -> None:
    assert unneeded_wal([Segment(1, 1).name(SEGMENT)], [], SEGMENT) == []


def test_beginnings_go_when_more_of_their_segment_is_stored() -> None:
    whole, growing = Segment(1, 1).name(SEGMENT), Segment(2, 1).name(SEGMENT)
    stored = [whole, partial_name(whole, 100), partial_name(growing, 100), partial_name(growing, 200)]
    assert superseded(stored) == [partial_name(whole, 100), partial_name(growing, 100)]
