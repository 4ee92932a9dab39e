import asyncio

from adapters.redis.manuscript import Manuscript
from application.ports.run_log import MessageDelta
from application.runs.transcript import Transcripts
from domain.shared.identifiers import RunId


async def test_an_entry_whose_answer_comes_after_viewers_heard_of_the_next_attempt_is_settled() -> None:
    transcript = Transcripts().open(RunId("run_1"))
    manuscript = Manuscript(transcript, 1)
    manuscript.tell([MessageDelta("one")])
    entry = manuscript.next_entry()
    settled = asyncio.create_task(manuscript.settle())
    await asyncio.sleep(0)
    transcript.extend(1, [*entry.bodies, MessageDelta("of another attempt")])
    manuscript.landed()
    async with asyncio.timeout(10):
        assert await settled == 1
