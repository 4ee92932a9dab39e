"""What every reader of responses does. The fixtures: `responses`, and `shards` to write what it reads."""

from dataclasses import replace

from adapters.memory.entropy import MemoryEntropy
from application.ports.responses import ResponseReader
from application.ports.shards import Shards
from application.runs.views import ResponseView, RunView
from application.taking_in import Turn, take_in
from domain.agents.agent import Sampling
from domain.runs.run import Asked, Run, RunOptions
from domain.sessions.message import Message, Role, TextPart
from domain.sessions.session import Session
from domain.shared.identifiers import MessageId, RunId
from tests.support.builders import LATER, new_user_id, said
from tests.support.storing import answer, ask_again, say, store_session

_entropy = MemoryEntropy(seed=2027)


async def supersede(shards: Shards, session: Session, *messages: Message) -> None:
    """Take messages out."""
    async with shards.open(session.owner_id) as unit:
        for message in messages:
            unit.messages.supersede(message)
        await unit.commit()


async def say_with(shards: Shards, session: Session, options: RunOptions) -> tuple[Message, Run]:
    """Store what the user says, with a run that was told this."""
    message, run = said(session)
    run.options = options
    async with shards.open(session.owner_id) as unit:
        unit.sessions.save(session)
        unit.messages.add(message)
        unit.runs.add(run)
        await unit.commit()
    return message, run


async def bring_along(shards: Shards, session: Session, *turns: tuple[Role, str]) -> list[Message]:
    """Store what was said elsewhere."""
    async with shards.open(session.owner_id) as unit:
        brought = [Turn(role, (TextPart(text),)) for role, text in turns]
        messages = take_in(unit, session, brought, _entropy, now=LATER)
        unit.sessions.save(session)
        await unit.commit()
    return list(messages)


class ResponseReaderSuite:
    async def test_a_response_is_found_as_it_is_now_with_what_it_was_told(
        self, shards: Shards, responses: ResponseReader
    ) -> None:
        session = await store_session(shards)
        asked = Asked("small", "Be brief.", background=True, metadata={"a": "b"})
        options = RunOptions("Be brief.", Sampling(0.5, None, 7), asked)
        message, run = await say_with(shards, session, options)
        begun = ResponseView(RunView.of(run), run.agent_id, run.model, options, message, None)
        assert await responses.find(run.owner_id, run.id) == begun
        reply = await answer(shards, session, run)
        assert await responses.find(run.owner_id, run.id) == replace(begun, run=RunView.of(run), reply=reply)

    async def test_what_is_not_there_or_not_the_owners_is_none(self, shards: Shards, responses: ResponseReader) -> None:
        message, run = await say(shards, await store_session(shards))
        other = await store_session(shards, run.owner_id)
        stranger, missing = new_user_id(), RunId(f"{run.id[:-1]}{0 if run.id[-1] != '0' else 1}")
        assert [await responses.find(stranger, run.id), await responses.find(run.owner_id, missing)] == [None, None]
        nowhere = MessageId(f"{message.id[:-1]}{0 if message.id[-1] != '0' else 1}")
        assert await responses.find_message(stranger, message.session_id, message.id) is None
        assert await responses.find_message(run.owner_id, other.id, message.id) is None
        assert await responses.find_message(run.owner_id, message.session_id, nowhere) is None
        assert await responses.find_message(run.owner_id, message.session_id, message.id) == message

    async def test_a_reply_that_was_taken_out_is_not_shown_and_an_exchange_is_gone_with_what_was_said(
        self, shards: Shards, responses: ResponseReader
    ) -> None:
        session = await store_session(shards)
        message, run = await say(shards, session)
        reply = await answer(shards, session, run)
        await supersede(shards, session, reply)
        found = await responses.find(run.owner_id, run.id)
        assert found is not None
        assert (found.said, found.reply) == (message, None)
        assert await responses.find_message(run.owner_id, session.id, reply.id) is None
        await supersede(shards, session, message)
        assert await responses.find(run.owner_id, run.id) is None

    async def test_a_run_that_answers_again_has_what_was_said_and_its_own_reply(
        self, shards: Shards, responses: ResponseReader
    ) -> None:
        session = await store_session(shards)
        message, first = await say(shards, session)
        await answer(shards, session, first)
        second = await ask_again(shards, session, message)
        better = await answer(shards, session, second)
        found = await responses.find(second.owner_id, second.id)
        assert found is not None
        assert (found.said, found.reply) == (message, better)

    async def test_what_was_brought_along_is_exchanges_that_have_ended(self, shards: Shards, responses: ResponseReader) -> None:
        session = await store_session(shards)
        sides = [Role.ASSISTANT, Role.USER, Role.USER, Role.ASSISTANT]
        messages = await bring_along(shards, session, *[(role, f"number {seq}") for seq, role in enumerate(sides, 1)])
        assert [(one.seq, one.role) for one in messages] == list(enumerate(sides, 1))
        greeting, alone, asked, replied = messages
        assert asked.run_id == replied.run_id
        views = [await responses.find(session.owner_id, one.run_id) for one in (greeting, alone, asked)]
        assert [None if view is None else (view.said, view.reply, view.run.status) for view in views] == [
            (greeting, greeting, "completed"), (alone, None, "cancelled"), (asked, replied, "completed"),
        ]
