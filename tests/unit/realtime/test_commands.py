"""What a client's frames ask for."""

import asyncio

from application.actor import Actor
from domain.runs.run import RunStatus
from entrypoints.http.event_stream import OpenStreams
from entrypoints.realtime.commands import Commands
from entrypoints.realtime.following import FollowedRuns
from entrypoints.realtime.frames import MessageCreate, RunCancel
from tests.unit.realtime.sockets import CancelWhenTold, Client, FollowTranscripts, somebody

RUN, SESSION = "run_0000000000g008000000000000", "session_0000000000g008000000000000"


class Breaking:
    """A use case with a bug."""

    async def execute(self, command: object) -> None:
        raise ZeroDivisionError(command)


class Generous:
    """Limits nobody."""

    async def admit(self, actor: Actor) -> None:
        """Return."""


async def test_so_many_commands_are_under_way_and_all_are_answered() -> None:
    client, cancel, actor = Client(), CancelWhenTold(), somebody()
    runs = FollowedRuns(FollowTranscripts(), OpenStreams(), client.line, most=50)
    commands = Commands(Generous(), cancel, runs, client.line, most=20)

    async def ask() -> None:
        for number in range(60):
            await commands.take(actor, RunCancel(run_id=RUN, event_id=str(number)))

    asking = asyncio.create_task(ask())
    for _ in range(50):
        await asyncio.sleep(0)
    assert (cancel.under_way, asking.done()) == (20, False)
    cancel.allowed.set()
    await asking
    await commands.finish()
    assert cancel.most == 20
    assert sorted(int(frame["event_id"]) for frame in client.frames) == list(range(60))
    assert {(frame["type"], frame["status"]) for frame in client.frames} == {("end", RunStatus.CANCELLED)}


async def test_a_bug_is_told_without_its_details_and_the_next_message_is_taken() -> None:
    client, actor = Client(), somebody()
    runs = FollowedRuns(FollowTranscripts(), OpenStreams(), client.line, most=50)
    commands = Commands(Breaking(), None, runs, client.line, most=20)
    for number in range(2):
        await commands.take(actor, MessageCreate(session_id=SESSION, content="Hi", event_id=str(number)))
    await commands.finish()
    assert [frame["event_id"] for frame in client.frames] == ["0", "1"]
    assert {(frame["error"]["type"], frame["error"]["code"]) for frame in client.frames} == {("api_error", "internal_error")}
    assert "ZeroDivision" not in str(client.frames)
