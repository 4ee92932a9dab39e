"""Where a state machine, which is not asynchronous, meets the ports, which are."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from application.ports.catalog import Catalog
from application.ports.readers import AgentReader, RunReader, SessionReader, UserReader
from application.ports.shards import Shards
from domain.shared.errors import Conflict, NotFound

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """The ports, all over one store that may hold others' entities too, and the event loop that they live in."""

    runner: asyncio.Runner
    catalog: Catalog
    agents: AgentReader
    users: UserReader
    shards: Shards
    sessions: SessionReader
    runs: RunReader


def new_runner() -> asyncio.Runner:
    """Return a loop of a machine's own, which leaves the tests' own loop in its place."""
    return asyncio.Runner(loop_factory=asyncio.new_event_loop)


class WorldMachine(RuleBasedStateMachine):
    """A machine that asks its world one thing at a time."""

    world: World

    def ask(self, question: Coroutine[Any, Any, T]) -> T:
        """Return the answer."""
        return self.world.runner.run(question)

    def tells(self, expected: type[Exception] | None, attempt: Coroutine[Any, Any, object]) -> bool:
        """Look that the attempt ends as expected, with this error or (None) with none; return whether it had none."""
        outcome: type[Exception] | None = None
        try:
            self.world.runner.run(attempt)
        except (Conflict, NotFound) as error:
            outcome = type(error)
        assert outcome is expected
        return outcome is None


def run_machine(machine: type[WorldMachine], world: World, *, examples: int, steps: int) -> None:
    """Run the machine in the world, that many times with up to so many steps."""
    inhabited = type(machine.__name__, (machine,), {"world": world})
    run_state_machine_as_test(inhabited, settings=settings(max_examples=examples, stateful_step_count=steps))
