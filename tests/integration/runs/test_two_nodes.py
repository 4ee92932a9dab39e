"""Runs that are begun on one node and looked after from another."""

import asyncio
from typing import Any

from entrypoints.ioc.runs import RunMaking
from tests.integration.runs.conftest import Pair
from tests.support.api import Caller, error_of, text_of

STALLED = "Well, let me "


async def ended(caller: Caller, run: str) -> dict[str, Any]:
    """Return the run when it has ended."""
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = (await caller.get(f"/v1/runs/{run}")).json()
            if found["finished_at"] is not None:
                return found
            await asyncio.sleep(0.05)


async def test_a_run_is_cancelled_from_another_node_and_keeps_its_text(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-stalls"))
    run = await here.begin(session)
    await asyncio.sleep(0.3)
    active = pair.first.scripted.active
    cancelled = await there.post(f"/v1/runs/{run}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert pair.first.scripted.active == active - 1
    said, reply = await there.messages(session)
    assert (said["role"], reply["status"], reply["content"][0]["text"]) == ("user", "cancelled", STALLED)
    assert text_of(await there.events(run)) == text_of(await here.events(run)) == STALLED


async def test_a_second_message_at_another_node_is_refused_while_a_reply_is_made(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-stalls"))
    run = await here.begin(session, "one")
    refused = await there.say(session, "two")
    assert error_of(refused, 409)["code"] == "run_active"
    assert refused.headers["x-should-retry"] == "true"
    await there.post(f"/v1/runs/{run}/cancel")
    assert [message["role"] for message in await there.messages(session)].count("user") == 1


async def test_a_message_at_another_node_interrupts_the_reply(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-stalls"))
    old = await here.begin(session, "one")
    await asyncio.sleep(0.3)
    new = await there.begin(session, "two", on_active="interrupt")
    await asyncio.sleep(0.3)
    await here.post(f"/v1/runs/{new}/cancel")
    assert (await there.get(f"/v1/runs/{old}")).json()["status"] == "cancelled"
    texts = [message["content"][0]["text"] for message in await here.messages(session)]
    assert texts == ["one", STALLED, "two", STALLED]


async def test_messages_from_both_nodes_wait_for_their_turn_in_order(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-slow"))
    first = await here.begin(session, "one")
    second = await there.begin(session, "two", on_active="enqueue")
    third = await here.begin(session, "three", on_active="enqueue")
    statuses = [(await here.get(f"/v1/runs/{run}")).json()["status"] for run in (first, second, third)]
    assert statuses == ["streaming", "queued", "queued"]
    events = await there.events(third)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [(await ended(here, run))["status"] for run in (first, second, third)] == ["completed"] * 3
    said = [(m["role"], m["run_id"]) for m in await here.messages(session)]
    assert [run for role, run in said if role == "user"] == [first, second, third]
    assert [run for role, run in said if role == "assistant"] == [first, second, third]
    asked = [*pair.first.scripted.requests, *pair.second.scripted.requests]
    last = next(request for request in asked if request.turns[-1].text == "three")
    assert [turn.text for turn in last.turns if turn.role == "user"] == ["one", "two", "three"]
    assert len([turn for turn in last.turns if turn.role == "assistant"]) == 2


async def test_a_queued_run_is_cancelled_before_its_turn(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-stalls"))
    first = await here.begin(session, "one")
    second = await there.begin(session, "two", on_active="enqueue")
    cancelled = (await here.post(f"/v1/runs/{second}/cancel")).json()
    assert (cancelled["status"], cancelled["usage"]) == ("cancelled", None)
    events = await there.events(second)
    assert [event["type"] for event in events] == ["run.created", "run.cancelled", "end"]
    await there.post(f"/v1/runs/{first}/cancel")
    assert error_of(await there.get("/v1/runs/run_" + "0" * 26), 404)["code"] == "run_not_found"
    third = await there.begin(session, "three")
    await here.post(f"/v1/runs/{third}/cancel")
    kept = await here.messages(session)
    assert [message["seq"] for message in kept] == list(range(1, len(kept) + 1))
    assert [message["run_id"] for message in kept if message["role"] == "user"] == [first, second, third]


async def test_interrupting_ends_also_what_waits(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-stalls"))
    waiting = [await here.begin(session, "one"), await here.begin(session, "two", on_active="enqueue")]
    last = await there.begin(session, "three", on_active="interrupt")
    assert [(await here.get(f"/v1/runs/{run}")).json()["status"] for run in waiting] == ["cancelled", "cancelled"]
    assert (await here.get(f"/v1/runs/{last}")).json()["status"] == "streaming"
    await here.post(f"/v1/runs/{last}/cancel")


async def test_a_node_that_leaves_hands_its_runs_over(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-stalls"))
    run = await here.begin(session)
    await asyncio.sleep(0.3)
    pair.second.scripted.release()
    await (await pair.first.container.get(RunMaking)).leave()
    finished = await ended(there, run)
    assert (finished["status"], finished["attempt"]) == ("completed", 2)
    events = await there.events(run)
    (attempt,) = [event for event in events if event["type"] == "attempt"]
    assert (attempt["attempt"], attempt["reason"]) == (2, "handed_over")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    said, reply = await there.messages(session)
    assert text_of(events) == reply["content"][0]["text"]
    assert reply["run_id"] == said["run_id"] == run


async def test_a_deleted_session_stops_its_reply_on_another_node(pair: Pair) -> None:
    here, there = await pair.sign_up()
    session = await here.session(await here.agent("scripted-hangs"))
    await here.begin(session)
    await asyncio.sleep(0.2)
    assert pair.first.scripted.active == 1
    assert (await there.request("DELETE", f"/v1/sessions/{session}")).status_code == 200
    assert pair.first.scripted.active == 0
