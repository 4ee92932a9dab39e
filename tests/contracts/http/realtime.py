"""The realtime socket, over two nodes that share nothing but their servers."""

from typing import Any

import pytest

from adapters.models.scripted import Script
from tests.support.api import text_of
from tests.support.realtime import Node, first_events, seqs

REPLY = Script().text
STALLED = "Well, let me "
UNKNOWN = "0000000000g008000000000000"
BAD_FRAMES = [
    ("", "malformed_request", None), ("{", "malformed_request", None), ("nonsense", "malformed_request", None),
    ("{}", "invalid", "type"), ("[]", "invalid", None), ("null", "invalid", None), ('"ping"', "invalid", None),
    ('{"type": "shout"}', "invalid", "type"), ('{"type": 5}', "invalid", "type"),
    ('{"type": "ping", "loud": true}', "invalid", "loud"), ('{"type": "ping", "event_id": 5}', "invalid", "event_id"),
    ('{"type": "message.create", "content": "Hi"}', "invalid", "session_id"),
    ('{"type": "message.create", "session_id": "s"}', "invalid", "content"),
    ('{"type": "message.create", "session_id": "s", "content": []}', "invalid", "content"),
    ('{"type": "message.create", "session_id": "s", "content": [{"type": "text"}]}', "invalid", "content[0].text"),
    ('{"type": "message.create", "session_id": "s", "content": "x", "on_active": "x"}', "invalid", "on_active"),
    ('{"type": "message.create", "session_id": "s", "content": "x", "stream": true}', "invalid", "stream"),
    ('{"type": "run.follow"}', "invalid", "run_id"),
    ('{"type": "run.follow", "run_id": "r", "starting_after": "1"}', "invalid", "starting_after"),
    ('{"type": "run.cancel", "run_id": null}', "invalid", "run_id"),
]


class TalkingSuite:
    async def test_a_message_is_answered_with_the_events_that_a_stream_has(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content="What is time?")
            run = (await tab.until("run.created"))["run_id"]
            events = await tab.to_the_end_of(run)
        assert events == await caller.events(run)
        assert text_of(events) == REPLY
        said, reply = await caller.messages(session)
        assert (said["content"], reply["run_id"]) == ([{"type": "text", "text": "What is time?"}], run)

    async def test_the_first_event_of_an_answer_bears_the_clients_event_id(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content=[{"type": "text", "text": "Hi"}], event_id="e-1")
            run = (await tab.until("run.created"))["run_id"]
            created, *rest = await tab.to_the_end_of(run)
            assert created.pop("event_id") == "e-1"
            assert [created, *rest] == await caller.events(run)
            await tab.tell("run.follow", run_id=run, starting_after=2, event_id='"2" \u00e9\n')
            assert await tab.next() == rest[1] | {"event_id": '"2" \u00e9\n'}

    async def test_a_ping_is_answered(self, near: Node) -> None:
        async with near.tab(await near.api.sign_up()) as tab:
            await tab.tell("ping")
            await tab.tell("ping", event_id="p")
            assert [await tab.next(), await tab.next()] == [{"type": "pong"}, {"type": "pong", "event_id": "p"}]

    async def test_what_is_said_in_one_session_is_said_in_order(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            for number in range(8):
                await tab.tell("message.create", session_id=session, content=str(number), on_active="enqueue")
            for _ in range(8):
                await tab.until("end")
        said = [message["content"][0]["text"] for message in await caller.messages(session) if message["role"] == "user"]
        assert said == [str(number) for number in range(8)]

    async def test_a_second_message_during_a_reply_follows_the_policy(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        async with near.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content="one")
            old = (await tab.until("run.created"))["run_id"]
            await tab.tell("message.create", session_id=session, content="two", event_id="refused")
            refused = await tab.until("error", event_id="refused")
            assert (refused["error"]["type"], refused["error"]["code"]) == ("conflict_error", "run_active")
            await tab.tell("message.create", session_id=session, content="three", on_active="interrupt", event_id="new")
            new = (await tab.until("run.created", event_id="new"))["run_id"]
            assert (await tab.to_the_end_of(old))[-1]["status"] == "cancelled"
            await tab.tell("run.cancel", run_id=new)
            assert (await tab.to_the_end_of(new))[-1]["status"] == "cancelled"
        assert [m["content"][0]["text"] for m in await caller.messages(session) if m["role"] == "user"] == ["one", "three"]

    async def test_a_repeated_message_is_said_once_and_shown_again(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            for _ in range(2):
                await tab.tell("message.create", session_id=session, content="Hi", client_message_id="m-1")
                await tab.until("end")
        assert len({frame["run_id"] for frame in tab.frames}) == 1
        half = len(tab.frames) // 2
        assert text_of(tab.frames[half:]) == text_of(tab.frames[:half]) == REPLY
        assert len(await caller.messages(session)) == 2

    @pytest.mark.parametrize(("frame", "code", "param"), BAD_FRAMES)
    async def test_a_bad_frame_is_answered_with_an_error_and_the_socket_stays_open(
        self, near: Node, frame: str, code: str, param: str | None
    ) -> None:
        async with near.tab(await near.api.sign_up()) as tab:
            await tab.connection.send(frame)
            answer = await tab.next()
            await tab.quiet()
        error = answer["error"]
        assert (answer["type"], error["type"], error["code"], error["param"]) == ("error", "invalid_request_error", code, param)
        assert set(error) == {"type", "code", "message", "param", "request_id"}
        assert error["request_id"] == tab.request_id

    async def test_a_frame_of_bytes_is_no_text_and_one_that_is_no_utf8_ends_the_socket(self, near: Node) -> None:
        caller = await near.api.sign_up()
        async with near.tab(caller) as tab:
            await tab.connection.send(b'{"type": "ping"}')
            assert (await tab.next())["error"]["code"] == "malformed_request"
            await tab.connection.send(b"\xff", text=True)
            assert await tab.closed() == 1007
        async with near.tab(caller) as tab:
            await tab.quiet()

    async def test_an_error_names_the_frame_that_it_is_about(self, near: Node) -> None:
        async with near.tab(await near.api.sign_up()) as tab:
            await tab.tell("shout", event_id="x", more=[1, {}])
            await tab.tell("run.cancel", run_id=f"run_{UNKNOWN}", event_id="y")
            answers = [await tab.next(), await tab.next()]
        assert [(answer["event_id"], answer["error"]["code"]) for answer in answers] == [("x", "invalid"), ("y", "run_not_found")]

    async def test_anothers_things_are_not_found(self, near: Node) -> None:
        owner, other = await near.api.sign_up(), await near.api.sign_up()
        session = await owner.session()
        run = (await first_events(owner, session, 1))[0]["run_id"]
        async with near.tab(other) as tab:
            for wanted in (run, f"run_{UNKNOWN}", "run_x", ""):
                for kind in ("run.follow", "run.cancel"):
                    await tab.tell(kind, run_id=wanted)
                    assert (await tab.until("error"))["error"]["code"] == "run_not_found"
            for wanted in (session, f"session_{UNKNOWN}", "x\x00"):
                await tab.tell("message.create", session_id=wanted, content="Hi")
                assert (await tab.until("error"))["error"]["code"] == "session_not_found"
        assert len(tab.frames) == 11
        assert len(await owner.messages(session)) == 2

    @pytest.mark.parametrize(
        ("fields", "param"),
        [({"content": "x" * 100_001}, "content"), ({"content": " "}, "content"), ({"content": "a\x00b"}, "content"),
         ({"content": "x", "client_message_id": ""}, "client_message_id"), ({"content": "x", "event_id": "e" * 256}, "event_id")],
    )
    async def test_a_message_that_breaks_a_rule_is_refused_and_not_kept(
        self, near: Node, fields: dict[str, Any], param: str
    ) -> None:
        caller = await near.api.sign_up()
        session = await caller.session()
        async with near.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, **fields)
            error = (await tab.next())["error"]
        assert (error["code"], error["param"]) == ("invalid", param)
        assert await caller.messages(session) == []

    async def test_a_frame_over_256_kilobytes_ends_the_socket(self, near: Node) -> None:
        caller = await near.api.sign_up()
        async with near.tab(caller) as tab:
            await tab.connection.send(" " * 262_000 + '{"type":"ping"}')
            assert await tab.next() == {"type": "pong"}
            await tab.connection.send(" " * 262_145)
            assert await tab.closed() == 1009

    async def test_a_request_without_an_upgrade_is_told_so(self, near: Node) -> None:
        answer = await near.http.get("/v1/realtime")
        assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


class FollowingSuite:
    async def test_a_client_goes_on_at_another_node_behind_any_event(self, near: Node, far: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-slow"))
        for cursor in (1, 2, 5, 9):
            seen = await first_events(caller, session, cursor)
            run = seen[0]["run_id"]
            async with far.tab(caller) as tab:
                await tab.tell("run.follow", run_id=run, starting_after=cursor)
                rest = await tab.to_the_end_of(run)
            assert seqs(seen + rest) == list(range(1, len(seen + rest) + 1))
            assert seen + rest == await caller.events(run)
            assert text_of(seen + rest) == REPLY

    async def test_a_cursor_means_the_same_as_over_a_stream(self, near: Node, far: Node) -> None:
        caller = await near.api.sign_up()
        answer = await caller.say(await caller.session())
        run = answer.json()["run"]["id"]
        whole = await caller.events(run)
        async with far.tab(caller) as tab:
            for cursor in (-1, 0, 3, len(whole) - 1, len(whole), 10**30, -(10**30)):
                tab.frames.clear()
                await tab.tell("run.follow", run_id=run, starting_after=cursor)
                assert await tab.to_the_end_of(run) == (whole[max(cursor, 0) :] or whole[-1:])
            tab.frames.clear()
            await tab.tell("run.follow", run_id=run)
            assert await tab.to_the_end_of(run) == whole

    async def test_following_again_begins_anew_behind_the_new_cursor(self, near: Node, far: Node) -> None:
        caller = await near.api.sign_up()
        run = (await first_events(caller, await caller.session(await caller.agent("scripted-slow")), 5))[0]["run_id"]
        stories: list[list[dict[str, Any]]] = []
        async with far.tab(caller) as tab:
            for cursor in (0, 3, 1):
                await tab.tell("run.follow", run_id=run, starting_after=cursor, event_id=str(cursor))
                first = await tab.until("message.delta" if cursor else "run.created", event_id=str(cursor))
                assert first["seq"] == cursor + 1
            await tab.until("end")
            await tab.quiet()
        for frame in tab.events_of(run):
            stories += [[]] if "event_id" in frame else []
            stories[-1].append(frame)
        for story in stories:
            assert seqs(story) == list(range(story[0]["seq"], story[0]["seq"] + len(story)))
        assert stories[-1][1:] == (await caller.events(run))[2:]

    async def test_all_tabs_of_a_user_see_each_message_once(self, near: Node, far: Node) -> None:
        caller, stranger = await near.api.sign_up(), await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-slow"))
        async with near.tab(caller) as here, far.tab(caller) as there, far.tab(stranger) as other:
            await here.tell("message.create", session_id=session, content="Hello, me!")
            run = (await here.until("run.created"))["run_id"]
            await here.to_the_end_of(run)
            await there.until("end")
            second = await far.of(caller).begin(session, "Over HTTP")
            await here.to_the_end_of(second)
            await there.to_the_end_of(second)
            for tab in (here, there, other):
                await tab.quiet()
        for tab in (here, there):
            assert tab.events_of(run) == await caller.events(run)
            assert tab.events_of(second) == await caller.events(second)
        assert [frame["type"] for frame in other.frames] == ["pong"]

    async def test_a_new_socket_is_told_nothing_by_itself_and_a_run_not_followed_is_told_by_its_end(self, near: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        run = (await first_events(caller, session, 2))[0]["run_id"]
        async with near.tab(caller) as tab:
            await tab.quiet()
            await tab.tell("run.cancel", run_id=run, event_id="stop")
            end = await tab.next()
            await tab.quiet()
        assert [frame["type"] for frame in tab.frames] == ["pong", "end", "pong"]
        assert end == (await caller.events(run))[-1] | {"event_id": "stop"}

    async def test_a_run_is_cancelled_over_a_socket_of_another_node(self, near: Node, far: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        async with near.tab(caller) as here, far.tab(caller) as there:
            await here.tell("message.create", session_id=session, content="Hi")
            run = (await here.until("message.delta"))["run_id"]
            await there.tell("run.cancel", run_id=run)
            events = await here.to_the_end_of(run)
            assert await there.to_the_end_of(run) == events
        assert [event["type"] for event in events[-2:]] == ["run.cancelled", "end"]
        assert (text_of(events), events[-1]["status"]) == (STALLED, "cancelled")

    async def test_one_socket_follows_many_runs_but_not_too_many(self, near: Node, far: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        first = await caller.begin(session)
        waiting = [await caller.begin(session, on_active="enqueue") for _ in range(50)]
        async with far.tab(caller) as tab:
            for run in waiting:
                await tab.tell("run.follow", run_id=run)
            await tab.tell("run.follow", run_id=first, event_id="too much")
            error = (await tab.until("error", event_id="too much"))["error"]
            assert (error["type"], error["code"]) == ("rate_limit_error", "too_many_runs")
            await tab.tell("message.create", session_id=session, content="Hi", on_active="enqueue", event_id="too much too")
            assert (await tab.until("error", event_id="too much too"))["error"]["code"] == "too_many_runs"
            last = await caller.begin(session, on_active="interrupt")
            for run in waiting:
                events = await tab.to_the_end_of(run)
                assert (seqs(events), events[-1]["status"]) == (list(range(1, len(events) + 1)), "cancelled")
            await tab.tell("run.follow", run_id=last)
            await tab.until("message.delta", run_id=last)
            await tab.tell("run.cancel", run_id=last)
            await tab.to_the_end_of(last)

    async def test_a_client_that_vanishes_leaves_nothing_behind(self, near: Node, far: Node) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        feeds, sockets = len(far.streams), far.streams.sockets
        async with far.tab(caller) as tab:
            await tab.tell("message.create", session_id=session, content="Hi")
            run = (await tab.until("message.delta"))["run_id"]
            assert (len(far.streams), far.streams.sockets) == (feeds + 1, sockets + 1)
            tab.connection.transport.abort()
        await far.serves(feeds, sockets)
        assert (await caller.post(f"/v1/runs/{run}/cancel")).json()["status"] == "cancelled"
