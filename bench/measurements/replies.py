"""Stored replies under a load of many at once: the work, its counting and its checks, for the modules beside this one."""

from collections.abc import Iterator, Sequence

from bench.client import connected, fetch
from bench.cpu import Cores, Meter, Usage
from bench.targets import Conversation, Target
from bench.wire import Answer, WrongAnswer, check_reply

TURNS = 4


def turns(conversations: Sequence[Conversation], each: int = TURNS) -> Iterator[bytes]:
    """Yield the requests of `each` turns of every conversation, so that histories stay short and alike."""
    for conversation in conversations:
        for _ in range(each):
            yield conversation.say


async def reply_load(
    target: Target, cores: Cores, width: int, conversations: Sequence[Conversation], *, each: int = TURNS, spread: float = 0.0
) -> tuple[list[Answer], Usage]:
    """Have `width` lines work through the conversations; return the answers, all checked and found stored, and the usage."""
    answers, usage = await replies(target, cores, width, conversations, each=each, spread=spread)
    await require_stored(target, conversations, each)
    return answers, usage


async def replies(
    target: Target, cores: Cores, width: int, conversations: Sequence[Conversation], *, each: int = TURNS, spread: float = 0.0
) -> tuple[list[Answer], Usage]:
    """Have `width` lines work through the conversations; return the answers, all checked, and the usage."""
    answers: list[Answer] = []
    async with connected(target.port, width) as lines:
        meter = Meter(target.pid, cores)
        work = [turns(conversations[first::width], each) for first in range(width)]
        await lines.drive(work, answers.append, spread=spread)
        usage = await meter.stop()
    for answer in answers:
        check_reply(answer)
    return answers, usage


async def require_stored(target: Target, conversations: Sequence[Conversation], each: int) -> None:
    """Return if every conversation has all its messages; WrongAnswer if one has not."""
    heads = [answer.json()["head_seq"] for answer in await fetch(target.port, [each.read for each in conversations])]
    if set(heads) != {2 * each}:
        raise WrongAnswer(f"The sessions of {target.name} have {sorted(set(heads))} messages instead of {2 * each}.")
