"""Each fault, planted by hand in a database in use, is named, and nothing else is."""

from collections import Counter

import pytest

from domain.consistency.faults import Code
from tests.integration.postgres.consistency.deployment import Conversation, Deployment, codes
from tests.integration.postgres.consistency.plants import (
    EVENTS,
    MESSAGES,
    OF_NO_NODE,
    ORPHANED,
    PLACES,
    REMARKS,
    RUNS,
    SESSIONS,
    WAITING_FOR_NOBODY,
    Plant,
    filled,
    names_of,
)

# Their repair leaves a run for the next living node: test_repairs.py.
TO_BE_TAKEN_UP = (WAITING_FOR_NOBODY, OF_NO_NODE)
PLANTS = (*SESSIONS, *MESSAGES, *RUNS, *PLACES, *EVENTS, *REMARKS, ORPHANED, *TO_BE_TAKEN_UP)
each = pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)


async def test_where_nothing_is_wrong_nothing_is_found(deployment: Deployment, conversation: Conversation) -> None:
    found, report = await deployment.checked()
    assert found == []
    assert report.clean
    counts = {"pins": 0, "events": 0, "runs": 12, "messages": 18, "shares": 2, "sessions": 2, "idempotency keys": 2}
    assert report.checked == counts


async def test_where_nothing_serves_waiting_events_are_no_fault(deployment: Deployment) -> None:
    await deployment.conversation()
    for plant in EVENTS:
        await deployment.sql(plant.statements[0].replace("event_stuck", plant.name))
    assert len(await deployment.check()) == len(EVENTS)
    assert await deployment.check(at_rest=True) == []


@each
async def test_a_planted_fault_is_named_and_no_other(deployment: Deployment, conversation: Conversation, plant: Plant) -> None:
    await plant.put(deployment, conversation)
    found, report = await deployment.checked(batch=5)
    assert Counter(codes(found)) == Counter(plant.found)
    assert report.clean == all(code.remark for code in plant.found)
    told = {value for finding in found for value in finding.fault.ids.values()}
    assert {filled(name, names_of(deployment, conversation)).strip("'") for name in plant.named} <= told


@each
async def test_what_is_safe_to_repair_is_repaired_and_what_is_not_stays(
    deployment: Deployment, conversation: Conversation, plant: Plant
) -> None:
    await plant.put(deployment, conversation)
    found, report = await deployment.checked(repair=True)
    assert Counter(codes(found)) == Counter(plant.found)
    assert all(finding.outcome is not None and finding.outcome.text for finding in found)
    if plant.repaired:
        assert report.clean
        assert await deployment.check() == []
    elif plant not in TO_BE_TAKEN_UP:
        assert not any(finding.outcome and finding.outcome.repaired for finding in found)
        assert Counter(codes(await deployment.check())) == Counter(plant.found)


def test_every_fault_that_rows_of_one_shard_can_have_is_planted() -> None:
    elsewhere = {Code.MAP_BEYOND_SETTINGS, Code.PIN_BEYOND_SETTINGS, Code.WRONG_SHARD, Code.INDEX_BROKEN}
    assert {code for plant in PLANTS for code in plant.found} == set(Code) - elsewhere


def test_every_repair_is_tried_out() -> None:
    repaired = {code for plant in PLANTS if plant.repaired or plant in TO_BE_TAKEN_UP for code in plant.found}
    assert repaired == {code for code in Code if code.repairable}
