import pytest

from adapters.caching.recent import RecentObjects
from tests.unit.caching.stored import HandClock


def test_an_object_is_kept_for_its_lifetime_from_the_start_of_its_reading() -> None:
    clock = HandClock()
    recent = RecentObjects(clock, most=10, lifetime=0.5)
    recent.put("k", "found", began=clock.now - 0.25)
    clock.now += 0.249
    assert recent.get("k") == "found"
    clock.now += 0.001
    assert recent.get("k") is None


@pytest.mark.parametrize("wanted", [1.0, 60.0])
def test_nothing_is_kept_longer_than_a_second(wanted: float) -> None:
    clock = HandClock()
    recent = RecentObjects(clock, most=10, lifetime=wanted)
    recent.put("k", "found", began=clock.now)
    clock.now += 1
    assert recent.get("k") is None


def test_the_first_to_expire_makes_room() -> None:
    clock = HandClock()
    recent = RecentObjects(clock, most=2, lifetime=1)
    for key in ("a", "b", "a", "c"):
        clock.now += 0.1
        recent.put(key, key, began=clock.now)
    assert [recent.get(key) for key in "abc"] == ["a", None, "c"]


def test_what_is_forgotten_is_gone() -> None:
    clock = HandClock()
    recent = RecentObjects(clock, most=2, lifetime=1)
    recent.put("k", "found", began=clock.now)
    recent.forget("k")
    recent.forget("never kept")
    assert recent.get("k") is None


def test_a_reading_that_took_longer_than_the_lifetime_is_not_kept() -> None:
    clock = HandClock()
    recent = RecentObjects(clock, most=2, lifetime=1)
    recent.put("k", "found", began=clock.now - 1)
    assert recent.get("k") is None
