"""Serving processes: a program, and how to speak to it."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.support.api import Api
from tests.support.processes import ONELAST, Program, running

SERVING = "serving on "
UP = "Ctrl-C stops everything."
_ADDRESS = re.compile(r"http://[\d.]+:\d+")


@dataclass(frozen=True, slots=True)
class Node:
    """A process that serves the API."""

    program: Program
    url: str
    api: Api


@asynccontextmanager
async def running_node(
    command: str, ready: str, environment: Mapping[str, str], *, afresh: bool = False
) -> AsyncIterator[Node]:
    """Start `onelast serve` or `onelast up`, and yield it once it has said that it is ready.

    People sign up for a plan that holds nobody up, unless the environment says otherwise.
    """
    settings = {"ONELAST_SIGNUP_PLAN": "enterprise", **environment}
    async with running(ONELAST, command, environment=settings, afresh=afresh) as program:
        await program.says(ready)
        found = _ADDRESS.search(program.out + program.err)
        assert found is not None
        async with httpx.AsyncClient(base_url=found[0], timeout=30) as http:
            yield Node(program, found[0], Api(http))


def serving(environment: Mapping[str, str], *, afresh: bool = False) -> AbstractAsyncContextManager[Node]:
    """Run `onelast serve`."""
    return running_node("serve", SERVING, environment, afresh=afresh)


def up(environment: Mapping[str, str]) -> AbstractAsyncContextManager[Node]:
    """Run `onelast up`, as who tries it does."""
    return running_node("up", UP, environment, afresh=True)
