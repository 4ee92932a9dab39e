"""What every reader of runs does. The fixtures: `runs`, and `shards` to write what it reads."""

from application.ports.readers import RunReader
from application.ports.shards import Shards
from application.runs.views import RunView
from domain.runs.run import RunError, Usage
from domain.shared.identifiers import RunId
from tests.contracts.ports.shards.access import remove_session, save_run
from tests.support.builders import LATER, NODE, new_user_id
from tests.support.storing import answer, ask_again, say, store_session


class RunReaderSuite:
    async def test_a_run_is_found_as_it_is_now(self, shards: Shards, runs: RunReader) -> None:
        session = await store_session(shards)
        _, run = await say(shards, session)
        assert await runs.find(run.owner_id, run.id) == RunView.of(run)
        run.take_over(NODE, lost=True)
        await save_run(shards, run)
        assert await runs.find(run.owner_id, run.id) == RunView.of(run)
        await answer(shards, session, run)
        assert await runs.find(run.owner_id, run.id) == RunView.of(run)

    async def test_a_failed_run_tells_why(self, shards: Shards, runs: RunReader) -> None:
        _, run = await say(shards, await store_session(shards))
        run.fail(RunError("model_unavailable", "The model could not finish."), Usage(0, 0), last_seq=3, now=LATER)
        await save_run(shards, run)
        assert await runs.find(run.owner_id, run.id) == RunView.of(run)

    async def test_what_is_not_there_or_not_the_owners_is_none_and_has_no_messages(
        self, shards: Shards, runs: RunReader
    ) -> None:
        _, run = await say(shards, await store_session(shards))
        stranger, missing = new_user_id(), RunId(f"{run.id[:-1]}{0 if run.id[-1] != '0' else 1}")
        assert [await runs.find(stranger, run.id), await runs.find(run.owner_id, missing)] == [None, None]
        assert list(await runs.read_exchange(stranger, run.id)) == list(await runs.read_exchange(run.owner_id, missing)) == []

    async def test_the_exchange_is_what_was_said_and_then_the_reply_too(self, shards: Shards, runs: RunReader) -> None:
        session = await store_session(shards)
        await answer(shards, session, (await say(shards, session, "Before"))[1])
        message, run = await say(shards, session)
        assert list(await runs.read_exchange(run.owner_id, run.id)) == [message]
        queued, waiting = await say(shards, session, "Behind")
        reply = await answer(shards, session, run, following=waiting.id)
        assert list(await runs.read_exchange(run.owner_id, run.id)) == [message, reply]
        assert list(await runs.read_exchange(run.owner_id, waiting.id)) == [queued]

    async def test_the_exchange_of_a_run_that_answers_again_is_what_was_said_and_its_own_reply(
        self, shards: Shards, runs: RunReader
    ) -> None:
        session = await store_session(shards)
        message, first = await say(shards, session)
        reply = await answer(shards, session, first)
        second = await ask_again(shards, session, message)
        assert list(await runs.read_exchange(second.owner_id, second.id)) == [message]
        better = await answer(shards, session, second)
        assert list(await runs.read_exchange(second.owner_id, second.id)) == [message, better]
        assert list(await runs.read_exchange(first.owner_id, first.id)) == [message, reply]

    async def test_a_removed_sessions_runs_are_gone(self, shards: Shards, runs: RunReader) -> None:
        session = await store_session(shards)
        _, run = await say(shards, session)
        await remove_session(shards, session)
        assert await runs.find(run.owner_id, run.id) is None
        assert list(await runs.read_exchange(run.owner_id, run.id)) == []
