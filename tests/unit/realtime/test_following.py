"""The runs that one socket follows."""

import asyncio
from collections.abc import Callable

import pytest

from application.ports.run_log import End, MessageDelta
from domain.runs.run import RunStatus
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId
from entrypoints.http.event_stream import OpenStreams
from entrypoints.realtime.follower import Follower
from entrypoints.realtime.following import FollowedRuns, TooManyRuns
from tests.unit.realtime.sockets import Client, FollowTranscripts, somebody

RUN = RunId("run_one")
END = End(RunStatus.COMPLETED)


class Scene:
    def __init__(self) -> None:
        self.client, self.follow, self.streams = Client(), FollowTranscripts(), OpenStreams()
        self.runs = FollowedRuns(self.follow, self.streams, self.client.line, most=2)
        self.actor = somebody()

    def follows(self, run: RunId = RUN, after: int = 0, event_id: str | None = None) -> Follower:
        return Follower(self.actor, run, after, event_id=event_id)

    def write(self, *texts: str, first: int = 1, end: bool = False) -> None:
        bodies = [*map(MessageDelta, texts), *([END] if end else [])]
        self.follow.transcripts.open(RUN).extend(first, bodies)

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not reached():  # noqa: ASYNC110
                await asyncio.sleep(0)

    @property
    def told(self) -> list[int]:
        return [frame["seq"] for frame in self.client.frames]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_log_that_turns_its_viewers_away_is_read_anew_behind_what_was_told(scene: Scene) -> None:
    scene.write("a", "b")
    scene.runs.follow(scene.follows())
    await scene.until(lambda: scene.told == [1, 2])
    transcripts = scene.follow.transcripts
    old = transcripts.open(RUN)
    transcripts.drop(RUN)
    scene.write("a", "b", "c", end=True)
    old.turn_away()
    await scene.until(lambda: RUN not in scene.runs)
    assert (scene.told, scene.follow.cursors) == ([1, 2, 3, 4], [0, 2])
    assert len(scene.streams) == 0


async def test_a_run_that_cannot_be_followed_is_named_and_can_be_followed_again(scene: Scene) -> None:
    scene.write("a", end=True)
    scene.follow.failure = Unavailable("The log is away: its address is secret.")
    scene.runs.follow(scene.follows(event_id="e"))
    await scene.until(lambda: RUN not in scene.runs)
    (told,) = scene.client.frames
    assert (told["type"], told["run_id"], told["event_id"], told["error"]["code"]) == ("error", RUN, "e", "overloaded")
    assert "secret" not in str(told)
    scene.follow.failure = None
    scene.runs.follow(scene.follows())
    await scene.until(lambda: RUN not in scene.runs)
    assert [frame["seq"] for frame in scene.client.frames[1:]] == [1, 2]


async def test_following_anew_ends_the_former_reading_at_once(scene: Scene) -> None:
    scene.write(*"abcdef")
    scene.client.reading.clear()
    scene.runs.follow(scene.follows())
    await scene.until(lambda: scene.told == [1])
    scene.runs.follow(scene.follows(after=4, event_id="anew"))
    scene.client.reading.set()
    scene.write(first=7, end=True)
    await scene.until(lambda: RUN not in scene.runs)
    assert scene.told == [1, 5, 6, 7]
    assert [frame.get("event_id") for frame in scene.client.frames] == [None, "anew", None, None]


async def test_there_is_room_for_so_many_runs_and_those_to_come_count(scene: Scene) -> None:
    scene.runs.follow(scene.follows(RunId("run_a")))
    with scene.runs.expecting_one(), pytest.raises(TooManyRuns):
        scene.runs.follow(scene.follows(RunId("run_b")))
    scene.runs.follow(scene.follows(RunId("run_b")))
    scene.runs.follow(scene.follows(RunId("run_b"), after=1))
    with pytest.raises(TooManyRuns):
        scene.runs.follow(scene.follows(RunId("run_c")))
    await scene.runs.close()
    assert (RunId("run_a") in scene.runs, len(scene.streams)) == (False, 0)


async def test_a_run_that_has_ended_is_known_for_a_while(scene: Scene) -> None:
    scene.write("a", end=True)
    scene.runs.follow(scene.follows())
    await scene.until(lambda: RUN not in scene.runs)
    assert scene.runs.knows(RUN)
    assert not scene.runs.knows(RunId("run_other"))


async def test_a_closed_socket_follows_nothing_more(scene: Scene) -> None:
    await scene.runs.close()
    scene.runs.join(scene.follows())
    assert RUN not in scene.runs


async def test_draining_ends_the_reading_without_an_end(scene: Scene) -> None:
    scene.write("a")
    scene.runs.follow(scene.follows())
    await scene.until(lambda: scene.told == [1])
    scene.streams.drain()
    await scene.until(lambda: RUN not in scene.runs)
    assert (scene.told, scene.follow.cursors) == ([1], [0])


async def test_a_client_that_does_not_read_is_told_one_frame_at_a_time(scene: Scene) -> None:
    scene.client.reading.clear()
    scene.runs.follow(scene.follows())
    scene.runs.follow(scene.follows(RunId("run_b")))
    scene.write(*"abc")
    scene.follow.transcripts.open(RunId("run_b")).extend(1, [MessageDelta("b")])
    await scene.until(lambda: len(scene.client.frames) == 1)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(scene.client.frames) == 1
    scene.client.reading.set()
    await scene.until(lambda: len(scene.client.frames) == 4)
    await scene.runs.close()
